import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type Container,
  containerOf,
  contentOf,
  type KubernetesObject,
  objectOf,
  podOf,
  type PodSpec,
  type PodTemplate,
  type Volume,
} from "./objects.ts";

/** How a container ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs pods as a kubelet does, as far as one program on this machine can be told: the container's arguments, variables
 * and files, no variable of this process, and as root the pod's user, with no right to write where nothing writable is
 * mounted. Its root is a directory: what is mounted is there, and arguments and variables that name a mount name that.
 */
export class Kubelet {
  readonly #root: string;
  readonly #image: { readonly program: string; readonly variables: Readonly<Record<string, string>> };
  #pods = 0;

  /** @param image what the container's image has: its entry point, and variables as an image or a proxy sets them */
  static async start(image: {
    readonly program: string;
    readonly variables: Readonly<Record<string, string>>;
  }): Promise<Kubelet> {
    const root = await mkdtemp(join(tmpdir(), "imagesync-kubelet-"));
    await chmod(root, 0o755);
    // The program's own place may be closed to the pod's user.
    const program = join(root, "imagesync");
    await copyFile(image.program, program);
    await chmod(program, 0o755);
    return new Kubelet(root, { ...image, program });
  }

  private constructor(root: string, image: { readonly program: string; readonly variables: Record<string, string> }) {
    this.#root = root;
    this.#image = image;
  }

  /** A file of the image, by a path that its variables can have. */
  async addFile(name: string, content: string): Promise<string> {
    const path = join(this.#root, name);
    await writeFile(path, content, { mode: 0o644 });
    return path;
  }

  /** Where a claim's files are, for all pods. */
  claim(name: string): string {
    return join(this.#root, "claims", name);
  }

  /** Where a container's path was, in the last pod. */
  path(mounted: string): string {
    return join(this.#root, `pod-${this.#pods}`, mounted);
  }

  /** What a CronJob starts when its time has come. */
  async runCronJob(objects: readonly KubernetesObject[]): Promise<Ended> {
    return await this.runPod(podOf(objectOf(objects, "CronJob")), objects);
  }

  /** @throws Error when an object is missing that the pod cannot start without. */
  async runPod(template: PodTemplate, objects: readonly KubernetesObject[]): Promise<Ended> {
    const { spec: pod } = template;
    const container = containerOf(template);
    if (container.command !== undefined) throw new Error("The container does not start as its image says");
    this.#pods += 1;
    const place = this.path("");
    for (const { name, mountPath, readOnly } of container.volumeMounts ?? []) {
      const volume = pod.volumes?.find((each) => each.name === name);
      if (volume === undefined) throw new Error(`There is no volume ${name}`);
      await this.#mount(volume, join(place, mountPath), readOnly === true, objects, pod.securityContext);
    }
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const inside = (text: string): string => (mounts.some((mount) => isBelow(text, mount)) ? join(place, text) : text);
    const own = variablesOf(container, objects);
    const real = Object.entries(own).map(([name, value]): [string, string] => [name, inside(value)]);
    const args = (container.args ?? []).map((text) => inside(expanded(text, own)));
    const { runAsUser: uid, runAsGroup: gid } = pod.securityContext ?? {};
    const child = spawn(this.#image.program, args, {
      cwd: this.#root,
      env: { ...this.#image.variables, ...Object.fromEntries(real) },
      stdio: ["ignore", "pipe", "pipe"],
      ...(process.getuid?.() === 0 && uid !== undefined && gid !== undefined ? { uid, gid } : {}),
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number | null];
    const shown = (text: string): string => text.replaceAll(place, "");
    return { code, stdout: shown(stdout), stderr: shown(stderr) };
  }

  async close(): Promise<void> {
    await rm(this.#root, { recursive: true, force: true });
  }

  async #mount(
    volume: Volume,
    path: string,
    readOnly: boolean,
    objects: readonly KubernetesObject[],
    { runAsUser = -1, fsGroup = -1 }: NonNullable<PodSpec["securityContext"]> = {},
  ): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const { configMap, secret, emptyDir, persistentVolumeClaim } = volume;
    if (persistentVolumeClaim !== undefined) {
      const claim = this.claim(persistentVolumeClaim.claimName);
      await mkdir(claim, { recursive: true });
      await own(claim, runAsUser, fsGroup);
      await symlink(claim, path);
      return;
    }
    await mkdir(path);
    if (emptyDir !== undefined) {
      await own(path, runAsUser, fsGroup);
      return;
    }
    if (configMap === undefined && secret === undefined)
      throw new Error(`The volume ${volume.name} is of no known kind`);
    if (!readOnly) throw new Error(`${path} can never be written: say so`);
    const files =
      configMap === undefined
        ? filesOf(objects, "Secret", secret?.secretName ?? "", secret?.optional)
        : filesOf(objects, "ConfigMap", configMap.name, configMap.optional);
    const items = (configMap ?? secret)?.items ?? [...files.keys()].map((key) => ({ key, path: key }));
    for (const { key, path: file } of files.size === 0 ? [] : items) {
      const content = files.get(key);
      if (content === undefined) throw new Error(`The volume ${volume.name} has no ${key}`);
      await writeFile(join(path, file), content, { mode: 0o444 });
    }
    // Nobody but root could remove it afterwards.
    if (process.getuid?.() === 0) await chmod(path, 0o555);
    if ((await readdir(path)).length === 0 && (configMap ?? secret)?.optional !== true)
      throw new Error(`${path} is empty`);
  }
}

async function own(path: string, uid: number, gid: number): Promise<void> {
  if (process.getuid?.() === 0) await chown(path, uid, gid);
}

function isBelow(text: string, mount: string): boolean {
  return text === mount || text.startsWith(`${mount}/`);
}

/** Variables in the order in which Kubernetes reads them: sources first, the last of a name counts. */
function variablesOf(
  { env = [], envFrom = [] }: Container,
  objects: readonly KubernetesObject[],
): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { configMapRef, secretRef } of envFrom) {
    const data =
      configMapRef === undefined
        ? filesOf(objects, "Secret", secretRef?.name ?? "")
        : filesOf(objects, "ConfigMap", configMapRef.name);
    for (const [name, value] of data) all[name] = value;
  }
  for (const { name, value, valueFrom } of env) {
    const { secretKeyRef, configMapKeyRef } = valueFrom ?? {};
    const found =
      secretKeyRef === undefined
        ? configMapKeyRef && filesOf(objects, "ConfigMap", configMapKeyRef.name).get(configMapKeyRef.key)
        : filesOf(objects, "Secret", secretKeyRef.name).get(secretKeyRef.key);
    all[name] = found ?? expanded(value ?? "", all);
  }
  return all;
}

/** @see https://github.com/kubernetes/kubernetes/blob/v1.32.0/third_party/forked/golang/expansion/expand.go */
function expanded(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (all, name?: string) =>
    name === undefined ? "$" : (variables[name] ?? all),
  );
}

function filesOf(
  objects: readonly KubernetesObject[],
  kind: "ConfigMap" | "Secret",
  name: string,
  optional = false,
): Map<string, string> {
  const missing = !objects.some((each) => each.kind === kind && each.metadata.name === name);
  return new Map(optional && missing ? [] : Object.entries(contentOf(objects, kind, name)));
}
