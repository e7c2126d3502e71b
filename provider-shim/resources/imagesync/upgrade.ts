import { ImagesyncError, isDigest } from "../../../engine/index.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { adopt } from "./adopt.ts";
import { digestIn } from "./state.ts";

/**
 * Takes over a state of schema version 1: `id`, `source`, `destination`, `source_digest`. That version cut the id at the
 * last colon, so that `host:5000/app` became `host@sha256:…`; it is made anew from the destination. It stored the
 * digest of the linux/amd64 image where the source is an index: that stays, and the next plan shows the one update.
 * @throws `config` when the state is not of that form.
 */
export function upgradeImagesync({
  version,
  state,
}: {
  readonly version: number;
  readonly state: unknown;
}): ObjectValue {
  const fields = typeof state === "object" && state !== null ? (state as Readonly<Record<string, unknown>>) : {};
  const { destination, source } = fields;
  if (version > 1 || typeof destination !== "string" || typeof source !== "string") {
    throw new ImagesyncError({
      code: "config",
      operation: "upgrade the state",
      message: `Cannot upgrade the state: it is of schema version ${version} and has not the attributes of version 1`,
      hint: "Remove the resource from the state and import it again by its destination",
    });
  }
  const recorded = typeof fields["source_digest"] === "string" ? fields["source_digest"] : undefined;
  const digest = digestIn(typeof fields["id"] === "string" ? fields["id"] : undefined) ?? digestIn(recorded);
  const sourceDigest = recorded !== undefined && isDigest(recorded) ? recorded : null;
  return adopt({ destination, source, digest, sourceDigest });
}
