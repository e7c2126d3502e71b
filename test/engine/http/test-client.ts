import { text } from "node:stream/consumers";
import { createCredentialChain, type ExplicitCredential } from "../../../engine/credentials/chain.ts";
import type { EngineEvent } from "../../../engine/events.ts";
import { HttpClient, type HttpClientOptions } from "../../../engine/http/client.ts";
import type { HttpRequest, HttpResponse } from "../../../engine/http/message.ts";

export interface TestClientOptions extends Partial<Omit<HttpClientOptions, "credentials">> {
  /** Hosts that speak plain HTTP. */
  readonly plain?: readonly string[];
  readonly login?: readonly ExplicitCredential[];
}

export interface TestClient extends AsyncDisposable {
  readonly client: HttpClient;
  readonly events: EngineEvent[];
  /** Sends a control GET unless told otherwise. */
  readonly send: (registry: string, url: string, more?: Partial<HttpRequest>) => Promise<HttpResponse>;
}

/** A client without environment, whose retries wait milliseconds. */
export function testClient(options: TestClientOptions = {}): TestClient {
  const events: EngineEvent[] = [];
  const { plain = [], login = [], registries = [], retry, environment = {}, ...rest } = options;
  const client = new HttpClient({
    userAgent: "imagesync/test",
    environment,
    credentials: createCredentialChain({ explicit: login, environment: {} }),
    onEvent: (event) => events.push(event),
    retry: { baseDelayMs: 1, maxDelayMs: 2, ...retry },
    registries: [...plain.map((address) => ({ address, plainHttp: true })), ...registries],
    ...rest,
  });
  return {
    client,
    events,
    send: (registry, url, more = {}) =>
      client.send({ operation: "get manifest", registry, method: "GET", url, kind: "control", ...more }),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** The body as text. */
export function bodyOf(response: HttpResponse): Promise<string> {
  return text(response.body);
}
