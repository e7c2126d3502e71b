import { delimiter } from "node:path";
import { requireTool } from "./registries/index.ts";

/** The first Node of the machine itself, not the one among the project's packages. Often the oldest that is supported. */
export function hostNode(): string | undefined {
  const before = process.env["PATH"];
  process.env["PATH"] = hostPath();
  try {
    return requireTool("node");
  } finally {
    process.env["PATH"] = before;
  }
}

/** PATH without the programs of the project's packages. */
export function hostPath(): string {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  return directories.filter((directory) => !directory.includes("node_modules")).join(delimiter);
}
