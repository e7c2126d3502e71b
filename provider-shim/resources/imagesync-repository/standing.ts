import type { Engine } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { text } from "../imagesync/state.ts";
import type { Memory } from "./memory.ts";
import { canonicalRepository, questionOf } from "./source.ts";

type Ours = Memory["ours"];

/** What is known of the images that a resource has at its destination. */
export interface Standing {
  readonly ours: Ours;
  /** Why the source could not be followed when it was last asked. */
  readonly failure?: string | undefined;
  /** The failure is that none of the source's tags is selected. */
  readonly empty?: boolean | undefined;
}

const standing = new WeakMap<Engine, Map<string, Standing>>();

/**
 * Notes what a resource has at its destination, for a create that takes its place there. Terraform gives the create of
 * what is tainted neither the state nor the memory of it; within a plan the refresh comes before, within an apply the
 * destroy.
 */
export function noteStanding(value: ObjectValue, { ours, failure, empty }: Standing, { engine }: Configured): void {
  const notes = standing.get(engine) ?? new Map<string, Standing>();
  standing.set(engine, notes);
  notes.set(keyOf(value), { ours, failure, empty });
}

/** What stands at the destination of a create, of a resource with the same source and selection. */
export function notedStanding(value: ObjectValue, { engine }: Configured): Standing | undefined {
  return standing.get(engine)?.get(keyOf(value));
}

function keyOf(value: ObjectValue): string {
  return JSON.stringify([canonicalRepository(text(value, "destination")), questionOf(value)]);
}
