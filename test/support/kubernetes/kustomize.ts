import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findOnPath } from "../../../cli/demo/find-program.ts";
import { type KubernetesObject, readObjects } from "./objects.ts";

/**
 * Path of kubectl; undefined where it is not, also with CI=true: Debian's is from before it could read what is here, so
 * a fresh machine has none to install.
 */
export const kubectl: string | undefined = findOnPath(["kubectl"], process.env["PATH"]);

/** The objects that `kubectl apply -k` would send, checked. @throws Error with what kubectl said. */
export async function kustomize(directory: string): Promise<KubernetesObject[]> {
  const { stdout, stderr } = await promisify(execFile)(kubectl ?? "kubectl", ["kustomize", directory]);
  // What is outdated is told there.
  if (stderr !== "") throw new Error(stderr);
  return readObjects(stdout);
}
