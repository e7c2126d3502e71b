import { Token } from "cdktf";
import { isPlainObject, replaceAt, replaceEach, replaceImage, replaceInContainers, type Visit } from "./pod-images.ts";

const containerLists: ReadonlySet<string> = new Set(["containers", "initContainers", "ephemeralContainers"]);

/** Behind a token at one of these there may be a pod. */
const waysToPods: ReadonlySet<string> = new Set(["spec", "template", "jobTemplate", "podTemplate", "volumes"]);

/**
 * A Kubernetes object as `kubernetes_manifest` has it, with its images replaced; the object itself when nothing is.
 * Containers are looked for everywhere, because custom resources have pods at places of their own.
 */
export function replaceInManifest(manifest: unknown, visit: Visit): unknown {
  if (manifest === undefined) return undefined;
  if (isPlainObject(manifest)) return replaceInside(manifest, "manifest", visit);
  visit.unknown("manifest");
  return manifest;
}

function replaceInside(value: unknown, place: string, visit: Visit): unknown {
  if (Token.isUnresolved(value)) return value;
  if (Array.isArray(value)) {
    return replaceEach(value, (element, index) => replaceInside(element, `${place}[${index}]`, visit));
  }
  if (!isPlainObject(value)) return value;
  return Object.keys(value).reduce((object, key) => replaceAt(object, key, at(key, `${place}.${key}`, visit)), value);
}

function at(key: string, place: string, visit: Visit): (value: unknown) => unknown {
  return (value) => {
    // A custom resource may call something else like that, a number of containers for instance.
    if (containerLists.has(key) && (Array.isArray(value) || Token.isUnresolved(value)))
      return replaceInContainers(value, place, visit);
    if (waysToPods.has(key) && Token.isUnresolved(value)) visit.unknown(place);
    if (key === "volumes" && Array.isArray(value)) return replaceInVolumes(value, place, visit);
    return replaceInside(value, place, visit);
  };
}

/** @see https://kubernetes.io/docs/concepts/storage/volumes/#image */
function replaceInVolumes(volumes: readonly unknown[], place: string, visit: Visit): unknown {
  return replaceEach(volumes, (volume, index) => {
    if (!isPlainObject(volume)) return volume;
    return replaceAt(volume, "image", (image) => {
      if (!isPlainObject(image)) return image;
      const reference = `${place}[${index}].image.reference`;
      return replaceAt(image, "reference", (text) => replaceImage(text, reference, visit));
    });
  });
}
