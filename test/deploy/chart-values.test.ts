import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseDocument, isMap, type YAMLMap } from "yaml";
import { version } from "../../version.ts";
import { chartDirectory, helmRenderer, renderChart } from "../support/helm/chart.ts";
import { documentOf, tableUnder } from "../docs/markdown.ts";
import { problems } from "./schema.ts";
import { leastValues, patient, valuesOf, valuesText } from "./stage.ts";

const read = (name: string): string => readFileSync(join(chartDirectory, name), "utf8");

const defaults = parse(read("values.yaml")) as Record<string, unknown>;
const schema = JSON.parse(read("values.schema.json")) as Schema;

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The keys that a schema names, and below each of them those of its own schema. */
function keysOf({ properties = {} }: Schema): Record<string, object> {
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, keysOf(inner)]));
}

/** The defaults with one value, at a path with dots, in place of another. */
function withValue(path: string, value: unknown): object {
  const values = structuredClone(defaults);
  const names = path.split(".");
  const last = names.pop() ?? "";
  const place = names.reduce<Record<string, unknown>>((sum, name) => sum[name] as Record<string, unknown>, values);
  place[last] = value;
  return values;
}

describe("the chart's values", patient, () => {
  test("are described by a schema that has the same keys", () => {
    expect(problems(defaults)).toEqual([]);
    const { global: _, ...keys } = keysOf(schema);
    const sections = Object.entries(keys).map(([name, inner]): [string, string[]] => [
      name,
      Object.keys(inner).length === 0 ? [] : Object.keys(defaults[name] as object),
    ]);
    expect(Object.keys(keys)).toEqual(Object.keys(defaults));
    expect(Object.entries(keys).map(([name, inner]) => [name, Object.keys(inner)])).toEqual(sections);
  });

  test.each([
    ["cronSchedule", "@daily"],
    ["cronSchedule", "*/5 0-6,12 * JAN-MAR MON-FRI"],
    ["image.tag", "1.2.3"],
    ["image.digest", `sha256:${"0".repeat(64)}`],
    ["config", "version: 1\n"],
    ["config", { images: {} }],
    ["environmentVariables", { A: "1", b: true, _C: 3 }],
    ["googleApplicationCredentials", { type: "service_account" }],
    ["dockerConfig.content", { auths: {} }],
    ["metrics.volume", { hostPath: { path: "/var/lib/metrics" } }],
    ["global", { imageRegistry: "registry.example.com" }],
    ["lockFile.size", "1.5Gi"],
  ])("may have %s %j", (path, value) => {
    expect(problems(withValue(path, value))).toEqual([]);
  });

  test.each([
    ["cronSchedul", "0 0 * * *", "must NOT have additional properties cronSchedul"],
    ["cronSchedule", "daily", "must match pattern"],
    ["cronSchedule", 5, "must be string"],
    ["cronSchedule", null, "must be string"],
    ["image", null, "must be object"],
    ["image.tag", 1.1, "must be string"],
    ["image.digest", "sha256:0", "must match pattern"],
    ["image.repositry", "a", "must NOT have additional properties repositry"],
    ["restartPolicy", "Always", "must be equal to one of the allowed values"],
    ["backoffLimit", -1, "must be >= 0"],
    ["backoffLimit", "2", "must be integer"],
    ["command", "rm", "must be equal to one of the allowed values"],
    ["config", ["a"], "must be object,string,null"],
    ["environmentVariables", { "A B": "1" }, "must match pattern"],
    ["environmentVariables", { A: { valueFrom: {} } }, "must be string,number,boolean"],
    ["secretEnvironmentVariables", ["A"], "must be object"],
    ["fullnameOverride", "Upper", "must match pattern"],
    ["caCertificates", "not a certificate", "must match pattern"],
    ["lockFile.onRetag", "ignore", "must be equal to one of the allowed values"],
    ["lockFile.accessModes", [], "must NOT have fewer than 1 items"],
    ["extraEnv", [{ value: "1" }], "must have required property 'name'"],
    ["imagePullSecrets", ["pull"], "must be object"],
  ])("may not have %s %j", (path, value, message) => {
    expect(problems(withValue(path, value)).join("\n")).toContain(message);
  });

  test.skipIf(helmRenderer === undefined)("of the tests fit, merged as Helm merges them", async () => {
    const all = [leastValues, valuesOf("replicant"), valuesOf("everything"), valuesText({ image: { tag: null } })];
    const rendered = await renderChart(all.map((values) => ({ values: [values] })));
    for (const { values } of rendered) expect(problems(values)).toEqual([]);
    const [wrong] = await renderChart([{ values: ["image: null\n"] }]);
    expect(problems(wrong?.values)).toContain(" must have required property 'image' image");
  });

  test("stand in the chart's README, with the words and the defaults of the file", () => {
    const written = tableUnder("Values", documentOf("deploy/helm/imagesync/README.md"));
    expect(written.map((cells) => cells.map((cell) => cell.replaceAll("\\|", "|")))).toEqual(
      rowsOf(read("values.yaml")),
    );
  });

  test("belong to a chart of the version of everything else", () => {
    expect(parse(read("Chart.yaml"))).toMatchObject({ version: version(), appVersion: version() });
  });
});

/** A row for each key that has a comment `# --`: the key, its default, the comment. */
function rowsOf(text: string): string[][] {
  const document = parseDocument(text);
  const rows: string[][] = [];
  const visit = (map: YAMLMap, path: readonly string[], first?: string): void => {
    for (const [position, { key, value }] of map.items.entries()) {
      const name = [...path, String((key as { value: unknown }).value)];
      const comment = (key as { commentBefore?: string }).commentBefore ?? (position === 0 ? first : undefined);
      const [, words] = /^ -- (.+)$/.exec(comment ?? "") ?? [];
      if (words !== undefined) {
        const said = JSON.stringify((value as { toJSON(): unknown }).toJSON());
        rows.push([`\`${name.join(".")}\``, `\`${said}\``, words]);
      } else if (isMap(value)) visit(value, name, value.commentBefore ?? undefined);
      else throw new Error(`${name.join(".")} has no comment`);
    }
  };
  visit(document.contents as YAMLMap, [], document.commentBefore ?? undefined);
  return rows;
}
