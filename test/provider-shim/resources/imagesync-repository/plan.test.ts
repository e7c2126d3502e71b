import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, type Digest, digestOf } from "../../../../engine/index.ts";
import { createLogger } from "../../../../provider-shim/log.ts";
import type { Context } from "../../../../provider-shim/protocol/context.ts";
import { Diagnostics } from "../../../../provider-shim/protocol/diagnostics.ts";
import { objectValue, type ObjectValue, UNKNOWN, type Value } from "../../../../provider-shim/protocol/value.ts";
import { foretell } from "../../../../provider-shim/resources/imagesync-repository/foretell.ts";
import {
  type Memory,
  noMemory,
  readMemory,
  writeMemory,
} from "../../../../provider-shim/resources/imagesync-repository/memory.ts";
import { planRepository } from "../../../../provider-shim/resources/imagesync-repository/plan.ts";
import { repositorySchema } from "../../../../provider-shim/resources/imagesync-repository/schema.ts";
import { questionOf } from "../../../../provider-shim/resources/imagesync-repository/source.ts";
import { defaults } from "../../../../provider-shim/resources/imagesync-repository/state.ts";

const digest = (seed: string): Digest => digestOf(Buffer.from(seed));
const { attributes, blocks } = repositorySchema.block;

function value(given: Readonly<Record<string, Value>>): ObjectValue {
  const names = [...Object.keys(attributes), ...Object.keys(blocks ?? {})];
  return objectValue({ ...Object.fromEntries(names.map((name) => [name, null])), ...given });
}

function context(): Context {
  const redactor = createRedactor();
  const log = createLogger({ write: () => undefined, redact: (text) => redactor.redact(text) });
  return { signal: new AbortController().signal, diagnostics: new Diagnostics(), log };
}

const place = "registry.example/mirror";
const config = value({ source: "docker.io/library/nginx", destination: "registry.example/mirror" });
const state = value({
  ...config,
  ...defaults,
  id: place,
  images: new Map([["1.0", `${place}@${digest("1.0")}`]]),
  highest: "1.0",
});
const wish = { source: digest("1.0"), digest: digest("1.0") };
const memory: Memory = {
  ...noMemory,
  place,
  wanted: { question: questionOf(state) ?? "", images: new Map([["1.0", wish]]) },
  ours: new Map([["1.0", { ...wish, previous: [] }]]),
};

/** Plans as terraform does, without a provider that could ask anybody. */
async function plan(
  prior: ObjectValue | null,
  wanted: ObjectValue,
  bytes = writeMemory(memory),
): Promise<{ planned: ObjectValue | null; replaces: boolean; call: Context; private: Uint8Array | undefined }> {
  const given = Object.entries(wanted).map(([name, each]): [string, Value] => {
    const computed = attributes[name]?.computed === true && each === null;
    return [name, computed ? (prior === null ? UNKNOWN : (prior[name] ?? null)) : each];
  });
  const call = context();
  const answer = await planRepository(
    {
      prior,
      proposed: objectValue(Object.fromEntries(given)),
      config: wanted,
      private: bytes,
      plannedPrivate: undefined,
      storePlannedPrivate: false,
      provider: undefined,
    },
    call,
  );
  return {
    planned: answer.planned,
    replaces: (answer.requiresReplace ?? []).length > 0,
    call,
    private: answer.private,
  };
}

describe("a plan of a repository", () => {
  test("of the same words changes nothing and asks nobody", async () => {
    expect((await plan(state, config)).planned).toEqual(state);
  });

  test.each(["nginx", "docker.io/nginx", "index.docker.io/library/nginx", "registry.hub.docker.com/library/nginx"])(
    "of the same source, spelled %s, changes nothing",
    async (source) => {
      expect((await plan(state, objectValue({ ...config, source }))).planned).toEqual(state);
    },
  );

  test("of the destination in capitals changes nothing", async () => {
    const { planned, replaces } = await plan(state, objectValue({ ...config, destination: "REGISTRY.example/mirror" }));
    expect(planned).toEqual(state);
    expect(replaces).toBe(false);
  });

  test("shows what the memory wants, the same twice, and remembers it for the apply", async () => {
    const added = { source: digest("1.1"), digest: digest("1.1") };
    const moved = { source: digest("moved"), digest: digest("moved") };
    const images = new Map([
      ["1.1", added],
      ["1.0", moved],
    ]);
    const bytes = writeMemory({ ...memory, wanted: { question: questionOf(state) ?? "", images } });
    const first = await plan(state, config, bytes);
    expect(first.planned).toEqual(
      objectValue({
        ...state,
        images: new Map([
          ["1.0", `${place}@${moved.digest}`],
          ["1.1", `${place}@${added.digest}`],
        ]),
        highest: "1.1",
      }),
    );
    expect((await plan(state, config, bytes)).planned).toEqual(first.planned);
    expect(readMemory(first.private).wanted?.images).toEqual(images);
    expect(readMemory(first.private).ours).toEqual(memory.ours);
  });

  test.each<[string, Readonly<Record<string, Value>>]>([
    ["source", { source: "docker.io/library/redis" }],
    ["selection", { mode: "highest" }],
    ["platforms", { platforms: ["linux/amd64"] }],
    ["source that is not known", { source: UNKNOWN }],
    ["tags of which one is not known", { tags: ["a", UNKNOWN] }],
  ])("of another %s leaves the images open", async (_name, change) => {
    const { planned, replaces } = await plan(state, objectValue({ ...config, ...change }));
    expect(planned).toMatchObject({ id: place, images: UNKNOWN, highest: UNKNOWN });
    expect(replaces).toBe(false);
  });

  test("of another destination replaces, and a create knows nothing whatever is remembered", async () => {
    const elsewhere = objectValue({ ...config, destination: "registry.example/other" });
    const { planned, replaces, private: bytes } = await plan(state, elsewhere);
    expect(replaces).toBe(true);
    expect(planned).toMatchObject({ id: "registry.example/other", images: UNKNOWN });
    expect((await plan(null, elsewhere, bytes)).planned).toMatchObject({ images: UNKNOWN, highest: UNKNOWN });
    expect((await plan(null, config)).planned).toMatchObject({ images: UNKNOWN, highest: UNKNOWN });
    expect((await plan(null, config, new Uint8Array())).planned).toMatchObject({ id: place, images: UNKNOWN });
  });

  test("of a destination that is not known has no id yet", async () => {
    const unknown = objectValue({ ...config, destination: UNKNOWN });
    expect((await plan(null, unknown, new Uint8Array())).planned).toMatchObject({ id: UNKNOWN, images: UNKNOWN });
  });

  test("of an empty set of names is refused, and never taken for every tag", async () => {
    const { call } = await plan(state, objectValue({ ...config, tags: [] }));
    expect(call.diagnostics.list).toMatchObject([{ severity: "error", summary: "Invalid tags" }]);
  });

  test("of a destroy is nothing", async () => {
    const request = { prior: state, proposed: null, config: null, private: writeMemory(memory) };
    const more = { plannedPrivate: undefined, storePlannedPrivate: false, provider: undefined };
    expect(await planRepository({ ...request, ...more }, context())).toEqual({ planned: null });
  });
});

describe("what tags will hold", () => {
  const tag = fc.constantFrom<string[]>("a", "b", "c", "d");
  const held = fc.constantFrom("one", "two", "three").map(digest);
  const digests = fc.array(fc.tuple(tag, held), { maxLength: 6 }).map((entries) => new Map(entries));
  const given = fc.record({
    wanted: digests,
    ours: digests,
    occupied: digests,
    current: digests,
    replace: fc.boolean(),
    conflict: fc.constantFrom("overwrite", "keep", "fail"),
  });

  test("is what is wanted, unless something is there that is to be left alone; and what is foretold stays", () => {
    fc.assert(
      fc.property(given, ({ wanted, ours, occupied, current, replace, conflict }) => {
        const policy = value({ replace_tag: replace, on_conflict: conflict });
        const images = new Map([...wanted].map(([name, each]) => [name, { source: each, digest: each }]));
        const own = new Map([...ours].map(([name, each]) => [name, { source: each, digest: each, previous: [] }]));
        const known = { ...noMemory, ours: own, occupied };
        const told = foretell(policy, { question: "", images }, known, current);
        expect([...told.keys()]).toEqual([...wanted.keys()]);
        const leavesAlone = !replace || conflict === "keep";
        for (const [name, each] of told) {
          const there = leavesAlone ? (current.get(name) ?? occupied.get(name)) : undefined;
          expect([wanted.get(name), there]).toContain(each);
        }
        expect(foretell(policy, { question: "", images }, known, told)).toEqual(told);
      }),
    );
  });
});
