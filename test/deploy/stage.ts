import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { type Hosts, openWorld, type World } from "../golden/world.ts";
import { renderChart, type Rendering } from "../support/helm/chart.ts";
import { Kubelet } from "../support/kubernetes/kubelet.ts";
import { type KubernetesObject, readObjects } from "../support/kubernetes/objects.ts";

/** The root of the project. */
export const root: string = resolve(import.meta.dirname, "../..");

/** Where `make build` puts the command line. */
const program = join(root, "dist/imagesync");

/** Registries under the names that files have, and a node whose pods reach them. */
export interface Cluster {
  readonly world: World;
  readonly kubelet: Kubelet;
  /** The certificate that all registries here have theirs from. */
  readonly ca: string;
}

/** @param options trusted: the image trusts the registries' certificates. Default true. */
export async function openCluster(hosts: Hosts, options: { readonly trusted?: boolean } = {}): Promise<Cluster> {
  if (!existsSync(program)) throw new Error(`There is no ${program}: run "make build"`);
  const world = await openWorld(hosts);
  const { HTTPS_PROXY = "", SSL_CERT_FILE = "", METADATA_SERVER_DETECTION = "" } = world.environment;
  const variables: Record<string, string> = { HTTPS_PROXY, METADATA_SERVER_DETECTION, PATH: process.env["PATH"] ?? "" };
  const kubelet = await Kubelet.start({ program, variables });
  onTestFinished(() => kubelet.close());
  const ca = await readFile(SSL_CERT_FILE, "utf8");
  // As in the image: a file that the pod's user can read.
  if (options.trusted !== false) variables["SSL_CERT_FILE"] = await kubelet.addFile("ca.crt", ca);
  return { world, kubelet, ca };
}

/** The objects of one rendering of the chart, checked, without those of its tests; and these. */
export async function objectsOfChart(
  rendering: Rendering,
): Promise<{ readonly objects: KubernetesObject[]; readonly tests: KubernetesObject[]; readonly notes: string }> {
  const [rendered] = await renderChart([rendering]);
  if (rendered?.error !== undefined) throw new Error(rendered.error);
  const files = Object.entries(rendered?.files ?? {});
  const below = (folder: string): KubernetesObject[] =>
    files.flatMap(([name, text]) =>
      name.endsWith(".yaml") && name.startsWith("templates/tests/") === (folder === "tests") ? readObjects(text) : [],
    );
  return {
    objects: below(""),
    tests: below("tests"),
    notes: rendered?.files["templates/NOTES.txt"] ?? "",
  };
}

/** Values as the chart gets them from a file: JSON is YAML. */
export function valuesText(values: object): string {
  return JSON.stringify(values);
}

/** A file of values beside the tests. */
export function valuesOf(name: string): string {
  return readFileSync(join(import.meta.dirname, "values", `${name}.yaml`), "utf8");
}

/** A configuration of one image. */
export const oneImage: string =
  "{version: 1, images: [{source: docker.io/team/app:1.0, destination: registry.example.com/app:1.0}]}";

/** The values that the chart cannot do without. */
export const leastValues: string = `config: ${oneImage}\n`;

/** The first test of all builds the renderer, and programs that are tested take turns with others on two cores. */
export const patient = { timeout: 180_000 } as const;
