import { type Digest, formatReference, ImagesyncError, isDigest, parseReference } from "../../../engine/index.ts";
import type { MoveRequest } from "../../protocol/resource.ts";
import type { ObjectValue } from "../../protocol/value.ts";
import { adopt, type Known } from "./adopt.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What a state says, before anybody has looked at it. */
interface Said {
  readonly destination: unknown;
  readonly source?: unknown;
  readonly digest?: unknown;
  /** Whether the other provider leaves the image where it is at destroy. */
  readonly keeps: boolean;
  readonly triggers?: unknown;
}

/** What the documented states of other providers say, by resource type. */
const foreign: Readonly<Record<string, (state: Fields) => Said>> = {
  // The blocks are how its versions before 1.0 named the images.
  skopeo2_copy: (state) => ({
    destination: withoutTransport(state["destination_image"]) ?? withoutTransport(firstBlock(state["destination"])),
    source: withoutTransport(state["source_image"]) ?? withoutTransport(firstBlock(state["source"])),
    digest: state["docker_digest"],
    keeps: state["keep_image"] === true,
  }),
  // It pushes what a daemon has, so that no source is known.
  docker_registry_image: (state) => ({
    destination: state["name"],
    digest: state["sha256_digest"],
    keeps: state["keep_remotely"] === true,
    triggers: state["triggers"],
  }),
  // Its source_digest is any text that makes it copy again, and its destroy removes nothing.
  crane_image: (state) => ({
    destination: state["destination"],
    source: isArchive(state["source"]) ? undefined : state["source"],
    digest: state["digest"],
    keeps: true,
  }),
};

/**
 * Takes over an image that another provider has mirrored: which, where from, what the tag was given, and that it is to
 * stay at destroy, where it was so. Logins, retries and the like are not taken over, so that no secret is either.
 * @throws `unsupported` for another type, `config` for a state that names no destination at a registry.
 */
export function moveImagesync({ type, provider, version, state }: MoveRequest): ObjectValue {
  const says = Object.hasOwn(foreign, type) ? foreign[type] : undefined;
  if (!says) {
    throw new ImagesyncError({
      code: "unsupported",
      operation: "move the state",
      message: `A "${type}" of ${provider} cannot become an "imagesync"; what can is ${Object.keys(foreign).join(", ")}`,
      hint: "Take it out of the state by a removed block with destroy = false, and import it by its destination",
    });
  }
  const said = says(typeof state === "object" && state !== null ? (state as Fields) : {});
  const destination = referenceIn(said.destination);
  if (destination === undefined) {
    throw new ImagesyncError({
      code: "config",
      operation: "move the state",
      message: `The state of the "${type}", of schema version ${version}, names no destination at a registry`,
      hint: "Take it out of the state by a removed block with destroy = false, and import it by its destination",
    });
  }
  const digest = digestIn(said.digest);
  const known: Known = { destination, source: referenceIn(said.source) ?? null, digest, sourceDigest: digest };
  const triggers = mapIn(said.triggers);
  return adopt({
    ...known,
    attributes: {
      ...(said.keeps ? { deletion_policy: "retain" } : {}),
      ...(triggers ? { triggers } : {}),
    },
  });
}

/** `docker://host/repository:tag` without the transport; undefined for another one, such as an archive. */
function withoutTransport(image: unknown): string | undefined {
  const prefix = "docker://";
  return typeof image === "string" && image.startsWith(prefix) ? image.slice(prefix.length) : undefined;
}

function firstBlock(blocks: unknown): unknown {
  const first: unknown = Array.isArray(blocks) ? blocks[0] : undefined;
  return typeof first === "object" && first !== null && "image" in first ? first.image : undefined;
}

/** Whether a source is a file and no reference; a path can be spelled like one. */
function isArchive(source: unknown): boolean {
  return typeof source === "string" && (/^[./~]/.test(source) || /\.(?:tar|tgz|tar\.gz)$/.test(source));
}

/** The reference as it would be written here; undefined for what is none. */
function referenceIn(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return formatReference(parseReference(value));
  } catch (error) {
    if (error instanceof ImagesyncError) return undefined;
    throw error;
  }
}

function digestIn(value: unknown): Digest | undefined {
  return typeof value === "string" && isDigest(value) ? value : undefined;
}

/** Texts by name; undefined when there are none, or other things among them. */
function mapIn(value: unknown): ReadonlyMap<string, string> | undefined {
  const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return texts.length > 0 && texts.length === entries.length ? new Map(texts) : undefined;
}
