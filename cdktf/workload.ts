import type { TerraformResource } from "cdktf";
import { replaceInManifest } from "./manifest-images.ts";
import { isPlainObject, replaceAt, replaceEach, replaceImage, replaceInContainers, type Visit } from "./pod-images.ts";

/** Where the resources of the provider of Kubernetes have their pod, with the `_v1` behind their names or without. */
const pods: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubernetes_deployment", ["spec", "template", "spec"]],
  ["kubernetes_stateful_set", ["spec", "template", "spec"]],
  ["kubernetes_daemonset", ["spec", "template", "spec"]],
  ["kubernetes_daemon_set", ["spec", "template", "spec"]],
  ["kubernetes_replication_controller", ["spec", "template", "spec"]],
  ["kubernetes_job", ["spec", "template", "spec"]],
  ["kubernetes_cron_job", ["spec", "jobTemplate", "spec", "template", "spec"]],
  ["kubernetes_pod", ["spec"]],
]);

/**
 * Goes through the images of a resource and replaces them in it. It goes by the type of the resource and by what all
 * bindings have, so that it does not matter who has generated them. @returns whether the resource runs images
 */
export function visitWorkload(resource: TerraformResource, visit: Visit): boolean {
  const type = resource.terraformResourceType.replace(/_v1$/, "");
  if (type === "kubernetes_manifest") visitManifest(resource, visit);
  else if (pods.has(type)) visitPod(resource, pods.get(type) ?? [], visit);
  else return false;
  visitOverrides(resource, visit);
  return true;
}

function visitManifest(resource: TerraformResource, visit: Visit): void {
  const bindings = resource as unknown as { readonly manifestInput?: unknown; manifest: unknown };
  const before = bindings.manifestInput;
  const after = replaceInManifest(before, visit);
  if (after !== before) bindings.manifest = after;
}

function visitPod(resource: TerraformResource, path: readonly string[], visit: Visit): void {
  const pod = path.reduce<unknown>((place, name) => (place as Record<string, unknown> | undefined)?.[name], resource);
  for (const name of ["container", "initContainer"]) {
    const place = `${path.join(".")}.${name}`;
    const bindings = pod as Record<string, unknown> | undefined;
    const put = bindings?.[`put${name.replace(/^./, (first) => first.toUpperCase())}`];
    if (bindings === undefined || typeof put !== "function") {
      visit.unknown(place);
      continue;
    }
    const before = bindings[`${name}Input`];
    const after = replaceInContainers(before, place, visit);
    if (after !== before) put.call(bindings, after);
  }
}

/** What `addOverride` has written stands beside the bindings and wins over them. */
function visitOverrides(resource: TerraformResource, visit: Visit): void {
  const overrides = (resource as unknown as { readonly rawOverrides?: unknown }).rawOverrides;
  if (!isPlainObject(overrides)) return;
  for (const key of Object.keys(overrides)) {
    overrides[key] = replaceInOverride(overrides[key], `override ${key}`, visit);
  }
}

function replaceInOverride(value: unknown, place: string, visit: Visit): unknown {
  if (Array.isArray(value))
    return replaceEach(value, (element, index) => replaceInOverride(element, `${place}.${index}`, visit));
  if (!isPlainObject(value)) return value;
  return Object.keys(value).reduce(
    (object, key) =>
      replaceAt(object, key, (inner) => {
        const at = `${place}.${key}`;
        return key === "image" ? replaceImage(inner, at, visit) : replaceInOverride(inner, at, visit);
      }),
    value,
  );
}
