import type { Contents } from "../support/registries/profiles/contents.ts";
import { type ProfileName, type RunningProfile, startProfile } from "../support/registries/profiles/index.ts";

/** A registry on which removals are tried: a played one, or the real docker-registry. */
export interface Stage extends Pick<
  RunningProfile,
  "name" | "vendor" | "cells" | "login" | "host" | "apiUrl" | "endpoint" | "requests" | "resetCounts" | "close"
> {
  readonly contents: Pick<Contents, "tags" | "manifests" | "blobs">;
}

/** Starts it; with `deletes` false nobody may delete there. */
export type StartStage = (deletes: boolean) => Promise<Stage>;

/** The stage of a played family. */
export function played(name: ProfileName, options: { readonly answersLate?: boolean } = {}): StartStage {
  return (deletes) => startProfile(name, { ...options, deletes });
}
