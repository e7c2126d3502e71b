import type { ImagesyncError } from "../errors.ts";
import type { Mirror } from "./transport-check.ts";

/** Why a mirror has not given what it was asked for. */
export interface Miss {
  /** The end of a sentence about the mirror. */
  readonly why: string;
  /** True when it has answered: it would say the same again. */
  readonly final: boolean;
}

/** The error of a registry that gave no answer, with what its mirrors said before: who has some rests on them. */
export function besideMirrors(
  error: ImagesyncError,
  registry: string,
  misses: ReadonlyMap<string, Miss>,
): ImagesyncError {
  const told = [...misses].map(([address, { why }]) => `${address} (${why})`).join(", ");
  const own = error.hint === undefined ? "" : `. If ${registry} itself is to answer: ${error.hint}`;
  return error.hinting(`No mirror of ${registry} gave it either: ${told}. Bring what is missing to one of them${own}`);
}

/** The error of a list of tags that only the registry itself may give: a mirror may have some of the tags, or old ones. */
export function besidePartialLists(error: ImagesyncError, registry: string, mirror: Mirror): ImagesyncError {
  return error.hinting(
    `Mirrors are not asked which tags there are, as they may lack some: name the tags, or write ${mirror.address} in place of ${registry} in the source`,
  );
}
