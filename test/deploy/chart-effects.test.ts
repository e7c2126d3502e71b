import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chartDirectory, helmRenderer, renderChart } from "../support/helm/chart.ts";
import { valuesOf, valuesText } from "./stage.ts";

type Values = Readonly<Record<string, unknown>>;

const defaults = parse(readFileSync(join(chartDirectory, "values.yaml"), "utf8")) as Values;
const everything = parse(valuesOf("everything")) as Values;

describe("the values with everything on", () => {
  test("have each value but those that another one excludes, and those of security", () => {
    const given = leaves(everything);
    const missing = leaves(defaults).filter((path) => !given.some((other) => `${other}.`.startsWith(`${path}.`)));
    expect(missing.filter((path) => !/^(?:podS|s)ecurityContext\./.test(path))).toEqual([
      "fullnameOverride",
      "existingConfigMap",
      "command",
      "dockerConfig.existingSecret",
      "caCertificates",
      "lockFile.existingClaim",
    ]);
  });

  test.skipIf(helmRenderer === undefined)("make something else of the chart without any one of them", async () => {
    const all = leaves(everything);
    const changes = all.map((path) => valuesText(only(path, valueAt(defaults, path) ?? null)));
    const [whole, ...others] = await renderChart(
      ["", ...changes].map((change) => ({ values: [valuesOf("everything"), change] })),
    );
    expect(whole?.error).toBeUndefined();
    const same = all.filter((_, at) => JSON.stringify(others[at]?.files) === JSON.stringify(whole?.files));
    // A digest goes before a tag, true is the default, and annotations of the chart go before others.
    expect(same).toEqual(["image.tag", "serviceAccount.create", "podAnnotations.checksum/config"]);
  });
});

/** The paths of all values, with dots. A map with nothing in it is a value. */
function leaves(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    isMap(value) && Object.keys(value).length > 0 ? leaves(value).map((path) => `${name}.${path}`) : [name],
  );
}

function valueAt(values: unknown, path: string): unknown {
  return path.split(".").reduce((sum, name) => (isMap(sum) ? sum[name] : undefined), values);
}

/** Values that are one alone, at a path with dots. */
function only(path: string, value: unknown): Values {
  return path.split(".").reduceRight((sum, name) => ({ [name]: sum }), value) as Values;
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
