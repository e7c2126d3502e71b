import { expect, test } from "vitest";
import { buildImage, treeOf } from "../../support/images/index.ts";
import { startPair } from "../pair.ts";

const image = buildImage({ seed: "lost upload", layers: [900, 1_100_000] });
const unknownUpload = JSON.stringify({ errors: [{ code: "BLOB_UPLOAD_UNKNOWN", message: "blob upload unknown" }] });

test.each([
  [404, unknownUpload],
  [404, ""],
  [410, ""],
])("an upload that the registry has lost (status %i, %j) is begun anew", async (status, body) => {
  const pair = await startPair();
  const lost = new Set<string>();
  pair.destination.intercept = ({ method, kind, path }) => {
    const digest = new URL(path, pair.destination.url).searchParams.get("digest") ?? "";
    if (method !== "PUT" || kind !== "upload" || lost.has(digest)) return undefined;
    lost.add(digest);
    return { respond: { status, body } };
  };
  expect(await pair.copy(await pair.seed(image), pair.at("to/app:1"))).toMatchObject({ outcome: "done" });
  expect(lost.size).toBeGreaterThan(0);
  expect(await pair.tree(pair.at("to/app:1"))).toEqual(treeOf(image));
  expect(pair.destination.openUploads()).toBe(0);
});

test("a registry that loses every upload is unavailable; no image is said to be gone", async () => {
  const pair = await startPair();
  pair.destination.intercept = ({ method, kind }) =>
    method === "PUT" && kind === "upload" ? { respond: { status: 404, body: unknownUpload } } : undefined;
  const { outcome, error } = await pair.copy(await pair.seed(image), pair.at("to/app:1"));
  expect(outcome).toBe("failed");
  expect(error).toMatchObject({ code: "unavailable", side: "destination", status: 404 });
});
