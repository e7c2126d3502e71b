import { CronJob, Job } from "kubernetes-models/batch/v1";
import { ConfigMap, PersistentVolumeClaim, Pod, Secret, ServiceAccount } from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";

/** An object as it goes to Kubernetes. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Texts>;
    readonly annotations?: Readonly<Texts>;
  };
  readonly [field: string]: unknown;
}

type Texts = Record<string, string>;

interface Model {
  validate(): void;
}

/** Its model reads what it is made of. */
const models: Readonly<Record<string, (object: never) => Model>> = {
  "batch/v1 CronJob": (object) => new CronJob(object),
  "batch/v1 Job": (object) => new Job(object),
  "v1 ConfigMap": (object) => new ConfigMap(object),
  "v1 PersistentVolumeClaim": (object) => new PersistentVolumeClaim(object),
  "v1 Pod": (object) => new Pod(object),
  "v1 Secret": (object) => new Secret(object),
  "v1 ServiceAccount": (object) => new ServiceAccount(object),
};

/**
 * The objects of a text in YAML, each checked as the API of Kubernetes does.
 * @throws Error when it is not YAML, says a key twice, or has an object that Kubernetes would refuse or half ignore.
 */
export function readObjects(text: string): KubernetesObject[] {
  return parseAllDocuments(text, { version: "1.1" }).flatMap((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    const value: unknown = document.toJS();
    if (value === null) return [];
    checkObject(value);
    return [value];
  });
}

/** The one object of a kind, or of a kind and a name. @throws Error when there is none, or another one. */
export function objectOf(objects: readonly KubernetesObject[], kind: string, name?: string): KubernetesObject {
  const found = objects.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`There are ${found.length} of ${kind} ${name ?? ""}`);
  return only;
}

/** What a ConfigMap or a Secret holds, by its keys. @throws Error when there is none of that name. */
export function contentOf(
  objects: readonly KubernetesObject[],
  kind: "ConfigMap" | "Secret",
  name: string,
): Record<string, string> {
  const data = Object.entries((objectOf(objects, kind, name)["data"] ?? {}) as Texts);
  const decode = (text: string): string => (kind === "Secret" ? Buffer.from(text, "base64").toString() : text);
  return Object.fromEntries(data.map(([key, text]) => [key, decode(text)]));
}

/** A pod's metadata and what it runs, as far as containers of the tests use it. */
export interface PodTemplate {
  readonly metadata: { readonly labels?: Readonly<Texts>; readonly annotations?: Readonly<Texts> };
  readonly spec: PodSpec;
}

/** What a pod is made of. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly restartPolicy?: string;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly fsGroup?: number;
    readonly seccompProfile?: object;
  };
}

/** One program of a pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly VariableSource[];
  readonly securityContext?: object;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface KeyOf {
  readonly name: string;
  readonly key: string;
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: KeyOf; readonly configMapKeyRef?: KeyOf };
}

interface VariableSource {
  readonly configMapRef?: { readonly name: string };
  readonly secretRef?: { readonly name: string };
}

interface Projection {
  readonly optional?: boolean;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
}

/** Where files of a pod come from. */
export interface Volume {
  readonly name: string;
  readonly configMap?: Projection & { readonly name: string };
  readonly secret?: Projection & { readonly secretName: string };
  readonly emptyDir?: object;
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

/** The pod that a CronJob starts, or that an object is. */
export function podOf(object: KubernetesObject): PodTemplate {
  if (object.kind === "Pod") return object as unknown as PodTemplate;
  const { spec } = object as unknown as { spec: { jobTemplate: { spec: { template: PodTemplate } } } };
  return spec.jobTemplate.spec.template;
}

/** The only container of a pod. @throws Error when there are others. */
export function containerOf({ spec }: PodTemplate): Container {
  const [container, ...others] = spec.containers;
  if (container === undefined || others.length > 0) throw new Error("The pod has no container, or several");
  return container;
}

/** @throws Error when Kubernetes would refuse the object, or does not know one of its fields. */
export function checkObject(value: unknown): asserts value is KubernetesObject {
  const object = value as KubernetesObject;
  const model = models[`${object.apiVersion} ${object.kind}`];
  if (model === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not known`);
  const reads = new Reads();
  // What the model wants of the object is asked here, at run time. It keeps a copy, so that is what is watched.
  const made = model(withoutLineEnds(object) as never);
  made.validate.call(reads.watched(made) as Model);
  const unread = reads.unread();
  if (unread.length > 0) throw new Error(`${object.kind} has no field ${unread.join(", ")}`);
}

/** Kubernetes reads base64 over several lines, as kubectl writes it; the model does not. */
function withoutLineEnds(object: KubernetesObject): KubernetesObject {
  const { kind, data } = object;
  if (kind !== "Secret" || typeof data !== "object" || data === null) return object;
  const lines = Object.entries(data).map(([name, value]): [string, unknown] => [
    name,
    typeof value === "string" ? value.replaceAll(/[\r\n]/g, "") : value,
  ]);
  return { ...object, data: Object.fromEntries(lines) };
}

/**
 * Remembers which fields are read: schemas of Kubernetes let fields pass that they do not know, and a validator reads
 * all that it knows.
 */
class Reads {
  readonly #objects: { readonly target: object; readonly path: string; readonly read: Set<PropertyKey> }[] = [];

  watched(target: object, path = ""): object {
    const read = new Set<PropertyKey>();
    this.#objects.push({ target, path, read });
    const inner = new Map<PropertyKey, object>();
    return new Proxy(target, {
      get: (_, name, receiver) => {
        read.add(name);
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== "object" || value === null) return value;
        const known = inner.get(name) ?? this.watched(value, `${path}/${String(name)}`);
        inner.set(name, known);
        return known;
      },
    });
  }

  unread(): string[] {
    return this.#objects.flatMap(({ target, path, read }) =>
      Object.keys(target)
        .filter((name) => !read.has(name))
        .map((name) => `${path}/${name}`),
    );
  }
}
