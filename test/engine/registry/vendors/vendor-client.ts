import type { Credential } from "../../../../engine/credentials/credential.ts";
import type { Environment } from "../../../../engine/credentials/environment.ts";
import type { RegistryTransport } from "../../../../engine/http/transport.ts";
import { type Digest, digestOf } from "../../../../engine/oci/digest.ts";
import { openRepository, type Repository } from "../../../../engine/registry/repository.ts";
import { type TestClient, testClient } from "../../http/test-client.ts";

export const secret = "a-canary-of-a-secret";
export const mirror: Credential = { kind: "basic", username: "mirror", password: secret };
export const digest: Digest = digestOf(new TextEncoder().encode("an image"));
export const other: Digest = digestOf(new TextEncoder().encode("another image"));

export interface VendorClient extends AsyncDisposable {
  readonly http: TestClient;
  /** Opened anew, as each call of the engine does. */
  readonly open: (repository?: string) => Repository;
}

/** A client of one registry, which speaks plain HTTP and is of the given family. */
export function vendorClient(
  host: string,
  settings: Omit<RegistryTransport, "address">,
  login: Credential = mirror,
  environment: Environment = {},
): VendorClient {
  const http = testClient({
    environment,
    registries: [{ address: host, plainHttp: true, ...settings }],
    login: [{ address: host, credential: login }],
    retry: { attempts: 2 },
  });
  return {
    http,
    open: (repository = "team/app") =>
      openRepository(http.client, { registry: host, repository }, { purpose: "delete", side: "destination" }),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
