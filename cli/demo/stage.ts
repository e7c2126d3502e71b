import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { count, formatBytes, formatDuration } from "../quantity.ts";
import { buildDemoImage, type DemoImage } from "./image.ts";
import { askForTag, deleteTag, pushImage } from "./push.ts";

/** The repositories and the tag of the story. */
const sourceRepository = "vendor/web";
const destinationRepository = "mirror/web";
const tag = "1.0";

/** Two registries and an image in the first of them. */
export interface Stage {
  readonly image: DemoImage;
  readonly sourceHost: string;
  readonly destinationHost: string;
  /** Where the image is, and where it is to be. */
  readonly source: string;
  readonly destination: string;
  /** Deletes the destination's tag, as a stranger would. */
  deleteDestinationTag(): Promise<void>;
  /** What the destination's registry says its tag holds; undefined when there is no tag. */
  destinationDigest(): Promise<string | undefined>;
  /** Starts to count anew. */
  resetCost(): void;
  /** What the registries have seen since then, for people. */
  cost(): string;
  close(): Promise<void>;
}

/** Starts both registries on free ports of this machine, and publishes the image at the source. */
export async function setStage(signal: AbortSignal): Promise<Stage> {
  const source = await startRegistry();
  const destination = await startRegistry();
  const close = async (): Promise<void> => {
    await Promise.all([source.close(), destination.close()]);
  };
  try {
    const image = buildDemoImage("first edition");
    await pushImage(image, tag, { host: source.host, repository: sourceRepository }, signal);
    const mirror = { host: destination.host, repository: destinationRepository };
    return {
      image,
      sourceHost: source.host,
      destinationHost: destination.host,
      source: `${source.host}/${sourceRepository}:${tag}`,
      destination: `${destination.host}/${destinationRepository}:${tag}`,
      deleteDestinationTag: () => deleteTag(tag, mirror, signal),
      destinationDigest: () => askForTag(tag, mirror, signal),
      ...counting([source, destination], destination),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function counting(
  registries: readonly RunningRegistry[],
  destination: RunningRegistry,
): Pick<Stage, "resetCost" | "cost"> {
  let startedAt = Date.now();
  return {
    resetCost() {
      startedAt = Date.now();
      for (const registry of registries) registry.resetCounts();
    },
    cost() {
      const requests = registries.reduce((sum, registry) => sum + registry.requests.length, 0);
      const blobs = destination.requests.filter(({ kind }) => kind !== "manifest");
      const bytes = blobs.reduce((sum, { bytesIn }) => sum + bytesIn, 0);
      return `${formatBytes(bytes)} of layers moved, ${count(requests, "request")}, ${formatDuration(Date.now() - startedAt)}`;
    },
  };
}
