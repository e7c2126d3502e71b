import { readFile, writeFile } from "node:fs/promises";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { planReaders, readPlan, writePlan } from "../../../cli/sync/plan-file.ts";
import type { RulePlan } from "../../../cli/sync/run.ts";
import { UsageError } from "../../../cli/usage-error.ts";
import { type Digest, digestOf, parseReference, type PlanItem } from "../../../engine/index.ts";
import { invoke } from "../invoke.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.close();
});

const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}` as Digest);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const item: fc.Arbitrary<PlanItem> = fc
  .record({
    action: fc.constantFrom("copy" as const, "repair" as const, "tag" as const, "skip" as const, "conflict" as const),
    digest,
    reason: fc.string(),
    bytes: fc.nat(),
    pulls: optional(fc.nat()),
    currentDigest: optional(digest),
    subject: optional(digest),
    artifactType: optional(fc.string()),
    guarded: optional(fc.constantFrom("keep" as const, "fail" as const)),
    thorough: optional(fc.boolean()),
    createRepository: optional(fc.boolean()),
    subset: optional(fc.string()),
  })
  .map(({ subset, ...fields }) => {
    const known = subset === undefined ? fields.digest : digestOf(new TextEncoder().encode(subset));
    const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    return {
      ...(present as typeof fields),
      digest: known,
      source: { ...parseReference("s.example/app:1"), digest: fields.digest },
      destination: parseReference("d.example/app:1"),
      ...(subset === undefined ? {} : { subset: { mediaType: "application/json", text: subset } }),
    };
  });

describe("a plan in a file", () => {
  test("is read as it was written", async () => {
    const readers = await planReaders();
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 5 }), fc.string({ maxLength: 50 }), async (items, name) => {
        const chained = items.map((one, at) => (at === 0 ? one : { ...one, follows: at - 1 }));
        const rules: RulePlan[] = [{ name, plan: { items: chained, warnings: ["odd"] } }];
        await writePlan(stage.file("plan.json"), rules, readers);
        expect(await readPlan(stage.file("plan.json"), readers)).toEqual(rules);
      }),
      { numRuns: 50 },
    );
  });

  test("is applied by digest, also when the tag has moved since", async () => {
    const planned = await stage.push("app", "1", "old");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const written = stage.file("plan.json");
    expect(await invoke(["plan", "-c", file, "--out", written])).toMatchObject({ code: 0 });
    await stage.push("app", "1", "new");
    const { code, stdout } = await invoke(["sync", "-c", file, "--plan", written]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${stage.destination.host}/app:1@${planned}\n` });
    // Without the configuration only the flags say how registries are reached.
    expect(await invoke(["sync", "--plan", written, "--plain-http"])).toMatchObject({ code: 0 });
  });

  test("keeps what could not be planned a failure", async () => {
    const file = await stage.configure("images:", stage.image("none", "1"));
    expect(await invoke(["plan", "-c", file, "--out", stage.file("plan.json")])).toMatchObject({ code: 1 });
    const { code, stderr } = await invoke(["sync", "-c", file, "--plan", stage.file("plan.json")]);
    expect(code).toBe(1);
    expect(stderr).toContain("1 image failed");
  });

  test("that cannot be written is an error that says where", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const { code, stderr } = await invoke(["plan", "-c", file, "--out", stage.file("none/plan.json")]);
    expect(code).toBe(64);
    expect(stderr).toContain("none/plan.json");
  });
});

describe("a plan that somebody has changed is refused, with the place", () => {
  type Json = Record<string, unknown>;

  /** A good plan, whose one item can be spoiled. */
  async function spoiled(change: (item: Json, rule: Json, root: Json) => void): Promise<string> {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    await invoke(["plan", "-c", file, "--out", stage.file("plan.json")]);
    const root = JSON.parse(await readFile(stage.file("plan.json"), "utf8")) as Json;
    const rule = (root["rules"] as Json[])[0] ?? {};
    change((rule["items"] as Json[])[0] ?? {}, rule, root);
    await writeFile(stage.file("plan.json"), JSON.stringify(root));
    return stage.file("plan.json");
  }

  test.each<[string, Parameters<typeof spoiled>[0], string]>([
    ["another version", (_item, _rule, root) => (root["version"] = 2), "version"],
    ["an unknown field", (one) => (one["more"] = 1), '"more"'],
    ["an unknown action", (one) => (one["action"] = "run"), "items[0].action"],
    ["no digest", (one) => (one["digest"] = "latest"), "items[0].digest"],
    ["a source that is not pinned", (one) => (one["source"] = "r.example/app:1"), "items[0].source"],
    ["a destination that is none", (one) => (one["destination"] = "../../x y"), "items[0].destination"],
    ["a size below zero", (one) => (one["bytes"] = -1), "items[0].bytes"],
    ["a size that is no number", (one) => (one["bytes"] = "1"), "items[0].bytes"],
    ["what follows itself", (one) => (one["follows"] = 0), "items[0].follows"],
    ["a subset of other bytes", (one) => (one["subset"] = { mediaType: "a/b", text: "{}" }), "items[0].subset"],
    ["a text without end", (one) => (one["reason"] = "x".repeat(10_000)), "items[0].reason"],
    ["items that are no list", (_item, rule) => (rule["items"] = {}), "items"],
    ["a name that ends a line", (_item, rule) => (rule["name"] = "a\nb"), "rules[0].name"],
    ["a name that steers terminals", (_item, rule) => (rule["name"] = "\x1b[31m"), "rules[0].name"],
    ["a choice that is none", (one) => (one["orFollows"] = 0), "items[0].orFollows"],
    ["a choice of what cannot be", (one) => (one["orFollows"] = [-1]), "items[0].orFollows"],
    [
      "a choice of what is not there",
      (one) => Object.assign(one, { subject: one["digest"], orFollows: [7] }),
      "items[0].orFollows",
    ],
    ["a rule without a name", (_item, rule) => delete rule["name"], "name"],
  ])("%s", async (_name, change, place) => {
    const { code, stdout, stderr } = await invoke(["sync", "--plan", await spoiled(change), "--plain-http"]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(place);
    expect(stage.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
  });

  test("whatever it is, it is one clear error", async () => {
    const readers = await planReaders();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
        await writeFile(stage.file("any.json"), text);
        await expect(readPlan(stage.file("any.json"), readers)).rejects.toThrow(UsageError);
      }),
    );
  });
});
