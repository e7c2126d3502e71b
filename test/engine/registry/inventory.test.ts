import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { failureOf } from "../failure.ts";
import { scriptedRepository, type ScriptedAnswer } from "./scripted-repository.ts";

const a = `sha256:${"a".repeat(64)}`;
const b = `sha256:${"b".repeat(64)}`;
const next = { link: '</v2/team/app/tags/list?n=1000&last=x>; rel="next"' };

function page(manifest: unknown, tags: unknown, headers: Record<string, string> = {}): ScriptedAnswer {
  return { status: 200, body: JSON.stringify({ name: "team/app", child: [], manifest, tags }), headers };
}

function entry(...tag: unknown[]): Record<string, unknown> {
  return {
    imageSizeBytes: "1234",
    layerId: "",
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    tag,
    timeCreatedMs: "1676090802558",
    timeUploadedMs: "1676582665070",
  };
}

async function inventoryOf(...pages: readonly [ScriptedAnswer, ...ScriptedAnswer[]]): Promise<unknown> {
  const inventory = await scriptedRepository(...pages).repository.tags.inventory();
  return inventory && Object.fromEntries(inventory);
}

describe("an inventory", () => {
  test("has every manifest, tagged or not, with its tags and the time of its push", async () => {
    const told = { mediaType: "application/vnd.oci.image.manifest.v1+json", uploadedAtMs: 1676582665070 };
    expect(await inventoryOf(page({ [a]: entry("1", "latest"), [b]: entry() }, ["1", "latest"]))).toEqual({
      [a]: { tags: ["1", "latest"], ...told },
      [b]: { tags: [], ...told },
    });
  });

  test.each(["0", 0, undefined])("does not know the age of a manifest whose time is %j", async (timeUploadedMs) => {
    const inventory = (await inventoryOf(page({ [a]: { ...entry(), timeUploadedMs } }, []))) as Record<string, object>;
    expect(inventory[a]).not.toHaveProperty("uploadedAtMs");
  });

  test("goes over all pages", async () => {
    const inventory = await inventoryOf(page({ [a]: entry("1") }, ["1"], next), page({ [b]: entry("2") }, ["2"]));
    expect(inventory).toMatchObject({ [a]: { tags: ["1"] }, [b]: { tags: ["2"] } });
  });

  test("has all tags of a manifest that is on several pages", async () => {
    const inventory = await inventoryOf(page({ [a]: entry("1") }, ["1"], next), page({ [a]: entry("2") }, ["2"]));
    expect(inventory).toMatchObject({ [a]: { tags: ["1", "2"] } });
  });

  test("may leave out type and time", async () => {
    expect(await inventoryOf(page({ [a]: { tag: [] } }, []))).toEqual({ [a]: { tags: [] } });
  });

  test("may be empty, which is not the same as none", async () => {
    expect(await inventoryOf(page({}, null))).toEqual({});
    expect(await inventoryOf(page(undefined, ["1"]))).toBeUndefined();
  });

  test("costs one request where there is none", async () => {
    const { repository, requests } = scriptedRepository(page(undefined, ["1"], next));
    await repository.tags.inventory();
    expect(requests).toHaveLength(1);
  });

  test("is not told of a repository that is not there", async () => {
    const { repository } = scriptedRepository({ status: 404 });
    expect(await failureOf(() => repository.tags.inventory())).toMatchObject({ code: "not-found" });
  });
});

describe("an inventory is not believed", () => {
  const doubtful: [string, unknown, unknown][] = [
    ["that is a list", [], []],
    ["that is null", null, []],
    ["that is a text", "x", []],
    ["with a name that is no digest", { latest: entry() }, []],
    ["with a digest of half a length", { "sha256:abcd": entry() }, []],
    ["with the name of what every object has", JSON.parse(`{"__proto__": {"tag": []}}`), []],
    ["with an entry that is null", { [a]: null }, []],
    ["without the tags of a manifest", { [a]: { mediaType: "x" } }, []],
    ["with tags that are no list", { [a]: { tag: "latest" } }, ["latest"]],
    ["with a tag that is none", { [a]: entry("../x") }, ["../x"]],
    ["with a tag that is null", { [a]: entry(null) }, [null]],
    ["with a tag on two manifests", { [a]: entry("1"), [b]: entry("1") }, ["1"]],
    ["with a listed tag on no manifest", { [a]: entry() }, ["1"]],
    ["with a tag that is not listed", { [a]: entry("1") }, []],
    ["with a list of tags that is none", { [a]: entry() }, {}],
    ["with a time that is none", { [a]: { ...entry(), timeUploadedMs: "yesterday" } }, []],
    ["with a time below zero", { [a]: { ...entry(), timeUploadedMs: -1 } }, []],
    ["with a time that is endless", { [a]: { ...entry(), timeUploadedMs: "9".repeat(40) } }, []],
  ];
  test.each(doubtful)("%s", async (_name, manifest, tags) => {
    const { repository } = scriptedRepository(page(manifest, tags));
    expect(await failureOf(() => repository.tags.inventory())).toMatchObject({ code: "protocol" });
  });

  test("that ends before the tags do", async () => {
    const { repository } = scriptedRepository(page({ [a]: entry("1") }, ["1"], next), page(undefined, ["2"]));
    expect(await failureOf(() => repository.tags.inventory())).toMatchObject({ code: "protocol" });
  });

  test("whatever it is made of: it is whole, or none, or an error of ours", async () => {
    const tag = fc.constantFrom<unknown>("1", "2", "latest", null, 7, "");
    const one = fc.oneof(fc.jsonValue(), fc.record({ tag: fc.array(tag, { maxLength: 3 }) }));
    const manifest = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(a, b, "x"), one));
    await fc.assert(
      fc.asyncProperty(manifest, fc.array(tag, { maxLength: 4 }), async (manifests, tags) => {
        const { repository } = scriptedRepository(page(manifests, tags));
        let held: string[] = [];
        const error = await failureOf(async () => {
          held = [...((await repository.tags.inventory()) ?? [])].flatMap(([, { tags }]) => [...tags]);
        });
        expect([undefined, "protocol"]).toContain(error?.code);
        expect(held.filter((tag) => !tags.includes(tag))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
