import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * Where a program of the tests lies on PATH; undefined when it is missing, so that its tests can skip themselves:
 * `test.skipIf(tool === undefined)`. @throws Error with CI=true, where a skipped test would look like a passed one.
 */
export function requireTool(name: string): string | undefined {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, name);
    if (directory !== "" && isExecutable(path)) return path;
  }
  if (process.env["CI"] === "true") throw new Error(`${name} is not on PATH: run "make setup-test"`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
