import type { Engine } from "../../../engine/index.ts";
import type { Configured } from "../../configure.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { text } from "../imagesync/state.ts";
import type { Memory } from "./memory.ts";
import { canonicalRepository, questionOf } from "./source.ts";

type Ours = Memory["ours"];

const standing = new WeakMap<Engine, Map<string, Ours>>();

/**
 * Notes what a resource has at its destination, for a create that takes its place there. Terraform gives the create of
 * what is tainted neither the state nor the memory of it; within a plan the refresh comes before, within an apply the
 * destroy.
 */
export function noteOurs(value: ObjectValue, ours: Ours, { engine }: Configured): void {
  const notes = standing.get(engine) ?? new Map<string, Ours>();
  standing.set(engine, notes);
  notes.set(keyOf(value), ours);
}

/** What stands at the destination of a create, of a resource with the same source and selection. */
export function notedOurs(value: ObjectValue, { engine }: Configured): Ours {
  return standing.get(engine)?.get(keyOf(value)) ?? new Map();
}

function keyOf(value: ObjectValue): string {
  return JSON.stringify([canonicalRepository(text(value, "destination")), questionOf(value)]);
}
