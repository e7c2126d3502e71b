import { Readable } from "node:stream";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../../engine/errors.ts";
import type { HttpRequest, HttpResponse } from "../../../../engine/http/message.ts";
import type { Vendor } from "../../../../engine/http/transport.ts";
import type { Transport } from "../../../../engine/registry/registry.ts";
import { openRepository, type Repository } from "../../../../engine/registry/repository.ts";
import { digest, secret } from "./vendor-client.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A repository of the family whose API answers to a login with a token, and to everything else as it is told. */
function played(vendor: Vendor, answer: (request: HttpRequest) => Answer): Repository {
  const transport: Transport = {
    send: async (request): Promise<HttpResponse> => {
      const { status, body, headers } =
        request.method === "POST"
          ? { status: 200, body: JSON.stringify({ access_token: "eyJ" }), headers: {} }
          : answer(request);
      return {
        status,
        headers: new Map(Object.entries(headers)),
        url: request.url,
        attempts: 1,
        body: Readable.from([Buffer.from(body)], { objectMode: false }),
      };
    },
    account: async () => ({ username: "mirror", password: secret, origin: "a test" }),
    family: () => ({ vendor, apiUrl: "https://api.example/" }),
  };
  return openRepository(transport, { registry: "r.example", repository: "team/app" }, { purpose: "delete" });
}

const anyBody = fc.oneof(
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.record({ errors: fc.array(fc.record({ code: fc.string(), message: fc.string() })) }).map((v) => JSON.stringify(v)),
  fc.string(),
);
const anyHeaders = fc.constantFrom(
  {},
  { "x-ratelimit-remaining": "0" },
  { "retry-after": "1" },
  { "x-oauth-scopes": "repo" },
);
const anyAnswer = fc.record({ status: fc.integer({ min: 200, max: 599 }), body: anyBody, headers: anyHeaders });

async function settled<T>(work: Promise<T>): Promise<T | ImagesyncError> {
  return await work.catch((error: unknown) => {
    if (error instanceof ImagesyncError) return error;
    throw error;
  });
}

describe("whatever the API answers,", () => {
  test.each(["docker-hub", "harbor", "acr"] as const)(
    "a tag at %s is gone only if the API has said so, and everything else is an error of ours",
    async (vendor) => {
      await fc.assert(
        fc.asyncProperty(anyAnswer, async (answer) => {
          const outcome = await settled(played(vendor, () => answer).vendor.deleteTag("a", { digest }));
          expect(outcome === "deleted").toBe(answer.status < 300);
          expect(outcome === "absent" || outcome === "unavailable").toBe(answer.status === 404);
          const said = outcome instanceof ImagesyncError ? `${outcome.message} ${outcome.hint}` : "";
          expect(said).not.toMatch(/\p{Cc}/u);
          expect(said.length).toBeLessThan(1000);
        }),
        { numRuns: 300 },
      );
    },
  );

  test("a manifest at ghcr.io is deleted only as the version that was seen with its digest", async () => {
    const version = { id: 7, name: digest, metadata: { container: { tags: [] } } };
    const sound = fc.constant<Answer>({ status: 200, body: JSON.stringify(version), headers: {} });
    const list = fc.constant<Answer>({ status: 200, body: JSON.stringify([version]), headers: {} });
    const some = fc.oneof(anyAnswer, sound, list);
    await fc.assert(
      fc.asyncProperty(some, some, some, async (packaged, listed, looked) => {
        const seen: Answer[] = [];
        let deletes = 0;
        const repository = played("ghcr", ({ method, url }) => {
          if (method === "DELETE") deletes += 1;
          const answer = url.includes("?") ? listed : url.endsWith("/7") ? looked : packaged;
          seen.push(answer);
          return answer;
        });
        const outcome = await settled(repository.manifests.delete(digest));
        const certain = [packaged.status, listed.status, looked.status].every((status) => status === 200);
        expect(deletes === 0 || (certain && looked.body === JSON.stringify(version))).toBe(true);
        expect(outcome instanceof ImagesyncError || typeof outcome.status === "number").toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

test("an address of the API keeps its path, and one slash at its end is the same as none", async () => {
  const urls: string[] = [];
  const repository = played("harbor", ({ url }) => {
    urls.push(url);
    return { status: 200, body: "", headers: {} };
  });
  await repository.vendor.deleteTag("a", { digest });
  expect(urls).toEqual([`https://api.example/api/v2.0/projects/team/repositories/app/artifacts/${digest}/tags/a`]);
});
