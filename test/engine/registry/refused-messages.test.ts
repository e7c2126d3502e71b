import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { Digest } from "../../../engine/oci/digest.ts";
import type { Repository } from "../../../engine/registry/repository.ts";
import { type ScriptedAnswer, scriptedRepository } from "./scripted-repository.ts";

const digest = `sha256:${"1".repeat(64)}` as Digest;
const here = "r.example/team/app";
const blob = { mediaType: "application/octet-stream", digest, size: 3 };
const body = { bytes: 3, repeatable: true, open: () => Buffer.from("abc") };
const opened: ScriptedAnswer = { status: 202, headers: { location: "/v2/team/app/blobs/uploads/1" } };

const push = async ({ uploads }: Repository): Promise<unknown> => uploads.put(await uploads.start(), digest, body);
const open = async ({ blobs }: Repository): Promise<unknown> => buffer(await blobs.open(blob));

test.each<[string, (repository: Repository) => Promise<unknown>, ScriptedAnswer[], string]>([
  ["an upload", ({ uploads }) => uploads.start(), [], `Cannot start an upload at ${here}: r.example answered 403`],
  ["a list", ({ tags }) => tags.list(), [], `Cannot list tags at ${here}: r.example answered 403`],
  [
    "what refers",
    ({ referrers }) => referrers.list(digest),
    [],
    `Cannot list what refers to ${here}@${digest}: r.example answered 403`,
  ],
  ["a manifest", ({ manifests }) => manifests.get("1"), [], `Cannot pull manifest ${here}:1: r.example answered 403`],
  ["a blob", open, [], `Cannot pull blob ${here}@${digest}: r.example answered 403`],
  ["a pushed blob", push, [opened], `Cannot push blob ${here}@${digest}: r.example answered 403`],
  [
    "an upload without a place",
    ({ uploads }) => uploads.start(),
    [{ status: 202 }],
    `Cannot start an upload at ${here}: r.example sent no usable Location`,
  ],
  [
    "an upload that is lost",
    push,
    [opened, { status: 404 }],
    `Cannot push blob ${here}@${digest}: r.example has lost the upload (status 404)`,
  ],
  [
    "another blob",
    push,
    [opened, { status: 201, headers: { "docker-content-digest": `sha256:${"2".repeat(64)}` } }],
    `Cannot push blob ${here}@${digest}: r.example stored it as sha256:${"2".repeat(64)}`,
  ],
  [
    "a blob of another size",
    open,
    [{ status: 200, headers: { "content-length": "20" } }],
    `Cannot pull blob ${here}@${digest}: r.example announces 20 bytes, the manifest says 3`,
  ],
  [
    "a page",
    ({ tags }) => tags.list(),
    [{ status: 200, body: "<html>" }],
    `Cannot list tags at ${here}: r.example did not answer with a list of tags`,
  ],
  [
    "more than a page",
    ({ tags }) => tags.list(),
    [{ status: 200, body: Buffer.alloc(33 * 1024 * 1024, " ") }],
    "Cannot read the answer of r.example: it has more than ",
  ],
])("the refusal of %s reads as a sentence that says at which repository", async (_, ask, before, message) => {
  const [first, ...rest] = [...before, { status: 403 }];
  const { repository } = scriptedRepository(first ?? { status: 403 }, ...rest);
  const error = await ask(repository).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : thrown),
  );
  expect(error).toContain(message);
});
