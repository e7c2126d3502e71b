import { Readable } from "node:stream";
import type { HttpRequest, HttpResponse } from "../../../engine/http/message.ts";
import { openRepository, type Repository } from "../../../engine/registry/repository.ts";

/** What a scripted registry answers. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable;
  /** Where the answer came from after redirects. Default the address that was asked. */
  readonly url?: string;
}

/** A repository whose registry answers from a script, without a network, and the requests it got. */
export interface ScriptedRepository {
  readonly repository: Repository;
  readonly requests: HttpRequest[];
}

/** Opens `r.example/team/app` for writing; every request is answered by the next entry, the last one for ever. */
export function scriptedRepository(...answers: readonly [ScriptedAnswer, ...ScriptedAnswer[]]): ScriptedRepository {
  const requests: HttpRequest[] = [];
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    request.signal?.throwIfAborted();
    // It is a registry, whatever it says of its repositories.
    if (request.url === "/v2/") {
      const headers = new Map([["docker-distribution-api-version", "registry/2.0"]]);
      return { status: 200, headers, url: "https://r.example/v2/", attempts: 1, body: Readable.from([]) };
    }
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? answers[0];
    requests.push(request);
    const { body = "" } = answer;
    return {
      status: answer.status,
      headers: new Map(Object.entries(answer.headers ?? {})),
      url: answer.url ?? new URL(request.url, "https://r.example").href,
      attempts: 1,
      body: body instanceof Readable ? body : Readable.from([Buffer.from(body)], { objectMode: false }),
    };
  };
  const name = { registry: "r.example", repository: "team/app" };
  return { repository: openRepository({ send }, name, { purpose: "write", side: "destination" }), requests };
}
