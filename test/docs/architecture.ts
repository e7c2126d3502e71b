import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect } from "vitest";
import { createEngine, parseReference } from "../../engine/index.ts";
import { openRegistry, pushTo } from "../acceptance/stage.ts";
import { buildImage } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";
import { root } from "./markdown.ts";

/** The picture of Rule, Plan and Report, held beside the engine's values. */
export const ruleToReportHandler: Handler = {
  proves: "a rule becomes a plan by reading only, a plan becomes a report, and both have what the picture names",
  blocks: ["docs/architecture.md > One idea: Rule, Plan, apply > 1"],
  needs: [],
  async run([picture]) {
    const named = (line: string): string[] => namesIn(picture?.text ?? "", line);
    const [source, destination] = [await openRegistry(), await openRegistry()];
    await pushTo(source, "team/app", "1", buildImage({ seed: "picture", layers: [1000] }));
    const registries = [source, destination].map(({ host }) => ({ address: host, plainHttp: true }));
    const engine = createEngine({ registries, userAgent: "test", environment: {} });
    try {
      const rule = {
        source: parseReference(`${source.host}/team/app:1`),
        destination: parseReference(`${destination.host}/mirror/app:1`),
        policy: {},
      };
      expect(Object.keys(rule)).toEqual(named("Rule"));
      expect(picture?.text).toContain("engine.plan(rule)");
      const plan = await engine.plan(rule);
      expect(destination.requests.filter(({ method }) => !["HEAD", "GET"].includes(method))).toEqual([]);
      const [first] = plan.items;
      expect(Object.keys(first ?? {})).toEqual(expect.arrayContaining(named("Plan")));
      expect(first?.source.digest).toBe(first?.digest);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      expect(picture?.text).toContain("engine.apply(plan)");
      const report = await engine.apply(plan);
      const known = [...Object.keys(report.items[0] ?? {}), ...Object.keys(report)];
      expect(known).toEqual(expect.arrayContaining(named("Report")));
    } finally {
      await engine.close();
    }
  },
};

/** The words of a line of the picture that name members: those before the gap. */
function namesIn(picture: string, line: string): string[] {
  const [, text = ""] = new RegExp(`^${line} +(.*?)(?: {4,}.*)?$`, "m").exec(picture) ?? [];
  const names = text.split(/[ ,:;]+/).map((word) => word.replace("@digest", ""));
  expect(names.length).toBeGreaterThan(2);
  return names.filter((name) => !["with", "items"].includes(name));
}

/** The chain of rooms, held beside every import of the source. */
export const importChainHandler: Handler = {
  proves: "every import of the engine and of its faces points down the printed chain",
  blocks: ["docs/architecture.md > Rooms > 1"],
  needs: [],
  run([chain]) {
    const ranks = new Map<string, number>();
    for (const [rank, names] of (chain?.text.trim() ?? "").split(" < ").entries()) {
      for (const name of names.split(", ")) ranks.set(name.replace(/\.ts$/, ""), rank);
    }
    const rankOf = (file: string): number => {
      const [folder = "", room = ""] = file.split("/");
      const name = folder === "engine" ? room.replace(/\.ts$/, "") : "faces";
      const rank = ranks.get(name);
      if (rank === undefined) throw new Error(`${file} is in no room of the chain`);
      return rank;
    };
    const upwards: string[] = [];
    let imports = 0;
    for (const file of ["engine", "cli", "provider-shim", "embedded-registry"].flatMap(sourceFiles)) {
      for (const imported of importsOf(file)) {
        imports += 1;
        if (imported.startsWith("engine/") && rankOf(imported) > rankOf(file)) upwards.push(`${file} -> ${imported}`);
        if (file.startsWith("engine/") && !imported.startsWith("engine/")) upwards.push(`${file} -> ${imported}`);
      }
    }
    expect(imports).toBeGreaterThan(100);
    expect(upwards).toEqual([]);
    return Promise.resolve();
  },
};

function sourceFiles(folder: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")).map((name) => join(folder, name));
}

/** Files of the project that a file imports, also lazily, by their paths from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/(?:\bfrom |\bimport\()"(\.[^"]+)"/g)].map(([, target = ""]) =>
    relative(root, resolve(root, dirname(file), target)),
  );
}
