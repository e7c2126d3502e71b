import { Token } from "cdktf";

/** How the images at a place are gone through. */
export interface Visit {
  /** What becomes of an image: the text to put in its place, the same one when it stays. */
  readonly replace: (image: string) => string;
  /** Told of a place where an image may be that nobody can see before Terraform runs. */
  readonly unknown: (place: string) => void;
}

/** The containers with their images replaced; the list itself when nothing is. The user's objects stay as they are. */
export function replaceInContainers(containers: unknown, place: string, visit: Visit): unknown {
  if (containers === undefined || containers === null) return containers;
  if (Token.isUnresolved(containers) || !Array.isArray(containers)) {
    visit.unknown(place);
    return containers;
  }
  return replaceEach(containers, (container, index) => replaceInContainer(container, `${place}[${index}]`, visit));
}

function replaceInContainer(container: unknown, place: string, visit: Visit): unknown {
  if (!isPlainObject(container)) {
    visit.unknown(place);
    return container;
  }
  return replaceAt(container, "image", (image) => replaceImage(image, `${place}.image`, visit));
}

/** An image that is no text, such as null, is for the provider of Kubernetes to judge. */
export function replaceImage(image: unknown, place: string, { replace, unknown }: Visit): unknown {
  if (typeof image === "string") return replace(image);
  if (Token.isUnresolved(image)) unknown(place);
  return image;
}

/** The object with the value at `key` replaced, the object itself when that is the same. */
export function replaceAt<T extends object>(object: T, key: string, replace: (value: unknown) => unknown): T {
  if (!Object.hasOwn(object, key)) return object;
  const before = (object as Record<string, unknown>)[key];
  const after = replace(before);
  return after === before ? object : { ...object, [key]: after };
}

/** The list with its elements replaced, the list itself when all of them are the same. */
export function replaceEach(list: readonly unknown[], replace: (value: unknown, index: number) => unknown): unknown {
  const after = list.map(replace);
  return after.some((value, index) => value !== list[index]) ? after : list;
}

/** Whether it is an object that was written down, rather than a token or an instance of something. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || Token.isUnresolved(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
