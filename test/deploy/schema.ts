import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { chartDirectory } from "../support/helm/chart.ts";

const schema = JSON.parse(readFileSync(join(chartDirectory, "values.schema.json"), "utf8")) as object;
const validate = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

/** What Helm says of values that do not fit the chart's schema, or nothing. */
export function problems(values: unknown): string[] {
  validate(values);
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, ...Object.values(params as object)].join(" "),
  );
}
