import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createEngine, ImagesyncError, parseLocation } from "../../../engine/index.ts";
import { IndexDocument } from "../../../engine/layout/index-document.ts";
import { parseManifest } from "../../../engine/oci/manifest.ts";
import { buildImage } from "../../support/images/index.ts";
import { layoutItems, writeTar } from "./test-archive.ts";
import { entryOf, scratch } from "./test-layout.ts";

const image = buildImage({ seed: "any", layers: [600] });

/** What is read, or the code of the error; a defect is what has none, or says that it is one. */
async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return "read";
  } catch (error) {
    return error instanceof ImagesyncError ? error.code : `defect: ${String(error)}`;
  }
}

const expected = [
  "read",
  "not-found",
  "config",
  "manifest-invalid",
  "unsupported",
  "limit",
  "size-mismatch",
  "digest-mismatch",
];

test("an archive that is changed anywhere is read or refused, and never a defect", async () => {
  const directory = await scratch();
  const whole = join(directory, "whole.tar");
  await writeTar(whole, layoutItems([["1", image]]));
  const bytes = await readFile(whole);
  const engine = createEngine();
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.nat(bytes.length),
      async (changes, cut) => {
        const changed = Buffer.from(bytes);
        for (const [position, byte] of changes) changed[position] = byte;
        number += 1;
        const file = join(directory, `${number}.tar`);
        await writeFile(file, cut % 3 === 0 ? changed.subarray(0, cut) : changed);
        expect(expected).toContain(await codeOf(() => engine.inspect(parseLocation(`oci-archive:${file}:1`))));
        expect(expected).toContain(await codeOf(() => engine.tags(parseLocation(`oci-archive:${file}`))));
      },
    ),
    { numRuns: 150 },
  );
  await engine.close();
});

test("any document is an index or refused, and never a defect", async () => {
  const directory = await scratch();
  await mkdir(join(directory, "blobs"));
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const item = fc.oneof(
    fc.jsonValue(),
    fc.record({ digest: fc.constant(image.digest), mediaType: fc.string(), size: fc.jsonValue() }),
    fc.record({ annotations: fc.dictionary(fc.constant("org.opencontainers.image.ref.name"), fc.jsonValue()) }),
  );
  const document = fc.oneof(
    fc.jsonValue(),
    fc.record({
      schemaVersion: fc.constantFrom<unknown>(2, 1, "2"),
      manifests: fc.oneof(fc.array(item), fc.jsonValue()),
    }),
  );
  await fc.assert(
    fc.asyncProperty(document, async (value) => {
      await writeFile(join(directory, "index.json"), JSON.stringify(value));
      // A new engine each time: what changes twice in one tick of the clock may look the same.
      const engine = createEngine();
      for (const key of [":1", ":latest", `@${image.digest}`])
        expect(expected).toContain(await codeOf(() => engine.resolve(parseLocation(`oci:${directory}${key}`))));
      expect(expected).toContain(await codeOf(() => engine.tags(parseLocation(`oci:${directory}`))));
      await engine.close();
    }),
    { numRuns: 150 },
  );
});

test("after any changes of tags the index says what a map would say", () => {
  const manifests = ["a", "b", "c"].map((seed) => {
    const { bytes, mediaType } = buildImage({ seed });
    return parseManifest(bytes, mediaType);
  });
  const foreign = { mediaType: "application/x-foreign", digest: "x:y", "x-own": true };
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("1", "2", "latest"), fc.constantFrom<number | undefined>(0, 1, 2, undefined)), {
        maxLength: 20,
      }),
      (changes) => {
        const start = { schemaVersion: 2, manifests: [foreign, entryOf(image)], annotations: { kept: "yes" } };
        let index = IndexDocument.parse(new TextEncoder().encode(JSON.stringify(start)), "index.json");
        const wanted = new Map<string, string>();
        for (const [tag, position] of changes) {
          const manifest = position === undefined ? undefined : manifests[position];
          const current = index.find(tag);
          if (manifest !== undefined) {
            index = index.withTag(tag, manifest);
            wanted.set(tag, manifest.digest);
          } else if (current !== undefined) {
            index = index.withoutTag(current);
            wanted.delete(tag);
          }
          // What is written is what is read.
          index = IndexDocument.parse(index.toBytes(), "index.json");
          const found = new Map(index.tags().map((one) => [one, index.find(one)?.descriptor.digest]));
          expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
        }
        const { manifests: items, ...rest } = JSON.parse(new TextDecoder().decode(index.toBytes())) as {
          manifests: unknown[];
        };
        expect(items.slice(0, 2)).toEqual([foreign, entryOf(image)]);
        expect(items).toHaveLength(2 + wanted.size);
        expect(rest).toEqual({ schemaVersion: 2, annotations: { kept: "yes" } });
      },
    ),
  );
});
