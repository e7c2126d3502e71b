import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { dockerRegistryProgram, startDockerRegistry } from "../registries/index.ts";
import { buildIndex, bytesBlob, fetchTree, imageKinds, manifestOf, push, treeOf, types } from "./index.ts";

interface Registry {
  readonly host: string;
  close(): Promise<void>;
}

describe("pushing to the embedded registry", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry({});
  });
  afterAll(() => registry.close());

  test.each(imageKinds)("brings all of: $name", async (kind) => {
    const image = kind.build();
    await push(image, { host: registry.host, repository: "app", tag: "1" });
    expect(await fetchTree(registry, "app", "1")).toEqual(treeOf(image));
  });

  test("without a tag, the image is found by its digest", async () => {
    const image = buildIndex({ children: [], annotations: { tagged: "no" } });
    await push(image, { host: registry.host, repository: "untagged" });
    expect(await fetchTree(registry, "untagged", image.digest)).toEqual(treeOf(image));
  });

  test("what is said to be present is not sent again, and a lie about it is refused by the registry", async () => {
    const blob = bytesBlob("never sent");
    const config = { mediaType: types.oci.config, digest: blob.digest, size: blob.size };
    const image = manifestOf(types.oci.manifest, { schemaVersion: 2, config, layers: [] }, { blobs: [blob] });
    const target = { host: registry.host, repository: "lie", tag: "1", present: new Set([blob.digest]) };
    await expect(push(image, target)).rejects.toThrow(/BLOB_UNKNOWN/);
  });
});

describe.skipIf(dockerRegistryProgram === undefined)("pushing to docker-registry", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.close());

  test.each(imageKinds.filter((kind) => kind.distribution2))("brings all of: $name", async (kind) => {
    const image = kind.build();
    await push(image, { host: registry.host, repository: "app", tag: "1" });
    expect(await fetchTree(registry, "app", "1")).toEqual(treeOf(image));
  });

  test.each(imageKinds.filter((kind) => !kind.distribution2))("is refused, as known, for: $name", async (kind) => {
    await expect(push(kind.build(), { host: registry.host, repository: "app", tag: "2" })).rejects.toThrow(
      /status (400|500) instead of 201/,
    );
  });
});
