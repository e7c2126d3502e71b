import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { commandLineFile } from "./command-line-package.ts";
import { gzipped, tarArchive, type TarEntry } from "./tar-archive.ts";

/** What runs a sync in Kubernetes, as it is released. */
export type Deployment = "chart" | "kustomize";

export const deployments: readonly Deployment[] = ["chart", "kustomize"];

/** By their names: a checkout may also hold values and overlays of its user, with logins. */
const contents: Readonly<Record<Deployment, readonly string[]>> = {
  // In the order of `helm package`.
  chart: ["Chart.yaml", "values.yaml", "values.schema.json", "templates", ".helmignore", "README.md"],
  kustomize: ["base", "components", "overlays/complete", "overlays/lock-file", "overlays/plan-only"],
};

/** Leaves out what editors put beside the files of a directory. */
const endings = /\.(?:json|tpl|txt|yaml)$/;

/** Name of the file of a release; that of the chart is the one Helm gives. */
export function deploymentFile(deployment: Deployment, version: string): string {
  return deployment === "chart" ? `imagesync-${version}.tgz` : commandLineFile(version, "kustomize.tar.gz");
}

/** Makes the archive: the chart's as `helm package` lays it out. The version is written where the files name one. */
export async function deploymentPackage(deployment: Deployment, root: string, version: string): Promise<Buffer> {
  const place = join(root, deployment === "chart" ? "deploy/helm/imagesync" : "deploy/kustomize");
  const directory = deployment === "chart" ? "imagesync" : commandLineFile(version, "kustomize");
  const entries: TarEntry[] = [];
  for (const name of (await Promise.all(contents[deployment].map((part) => filesOf(place, part)))).flat()) {
    const text = versioned(name, await readFile(join(place, name), "utf8"), version);
    entries.push({ name: `${directory}/${name}`, content: Buffer.from(text), mode: 0o644 });
  }
  return await gzipped(await tarArchive(entries));
}

/** Paths below the place, with `/`, in their order. */
async function filesOf(place: string, part: string): Promise<readonly string[]> {
  if ((await stat(join(place, part))).isFile()) return [part];
  const found = await readdir(join(place, part), { withFileTypes: true });
  const names = found
    .filter((entry) => entry.isDirectory() || endings.test(entry.name))
    .map((entry) => `${part}/${entry.name}`)
    .sort();
  return (await Promise.all(names.map((name) => filesOf(place, name)))).flat();
}

function versioned(name: string, text: string, version: string): string {
  if (name === "Chart.yaml") return replaced(name, text, /^(version|appVersion): .*$/gm, version);
  // The others leave the image as the base has it.
  if (!name.endsWith("/kustomization.yaml") || !/^images:$/m.test(text)) return text;
  return replaced(name, text, /^( +newTag): .*$/gm, version);
}

function replaced(name: string, text: string, pattern: RegExp, version: string): string {
  if (text.search(pattern) === -1) throw new Error(`${name} does not say where its version is`);
  return text.replace(pattern, `$1: ${version}`);
}
