import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { requireTool } from "../registries/index.ts";
import { type KubernetesObject, readObjects } from "./objects.ts";

/** Path of kubectl, or undefined: `describe.skipIf(kubectl === undefined)`. */
export const kubectl: string | undefined = requireTool("kubectl");

/** The objects that `kubectl apply -k` would send, checked. @throws Error with what kubectl said. */
export async function kustomize(directory: string): Promise<KubernetesObject[]> {
  const { stdout, stderr } = await promisify(execFile)(kubectl ?? "kubectl", ["kustomize", directory]);
  // What is outdated is told there.
  if (stderr !== "") throw new Error(stderr);
  return readObjects(stdout);
}
