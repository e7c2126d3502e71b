import { buildImage, type TestManifest } from "../support/images/index.ts";
import { block, type Body, type Plan } from "../support/terraform/index.ts";
import { pushTo, setStage, type Stage, type StageOptions } from "./stage.ts";

/** The resource of these tests. */
export const address = "imagesync_repository.x";

export interface RepositoryStage extends Stage {
  /** The repository that tests push to. */
  readonly origin: string;
  /** The repository of the mirror. */
  readonly reference: string;
  /** Writes the configuration: the resource with these attributes beside source and destination. */
  readonly want: (attributes?: Body, ...blocks: readonly string[]) => Promise<void>;
  /** Puts an image of its own at a tag of the source. */
  readonly publish: (tag: string, image?: TestManifest) => Promise<TestManifest>;
  /** `images` as they shall be. */
  readonly pinned: (images: Readonly<Record<string, TestManifest>>) => Readonly<Record<string, string>>;
}

/** Two registries, and a repository to be mirrored. */
export async function setRepositoryStage(
  tags: readonly string[] = [],
  options: StageOptions = {},
): Promise<RepositoryStage> {
  const stage = await setStage(options);
  const repositoryStage = around(stage, stage.source.host, stage.destination.host);
  for (const tag of tags) await repositoryStage.publish(tag);
  return repositoryStage;
}

/** The same for registries that the test has opened itself. */
export function around<T extends Pick<Stage, "source" | "workspace" | "config">>(
  stage: T,
  sourceHost: string,
  destinationHost: string,
): T & Omit<RepositoryStage, keyof Stage> {
  const origin = `${sourceHost}/team/app`;
  const reference = `${destinationHost}/mirror/app`;
  return {
    ...stage,
    origin,
    reference,
    want: (attributes = {}, ...blocks) =>
      stage.workspace.write(
        stage.config(repository({ source: origin, destination: reference, ...attributes }), ...blocks),
      ),
    publish: async (tag, image = imageOf(tag)) => {
      await pushTo(stage.source, "team/app", tag, image);
      return image;
    },
    pinned: (images) =>
      Object.fromEntries(Object.entries(images).map(([tag, { digest }]) => [tag, `${reference}@${digest}`])),
  };
}

/** A resource `imagesync_repository`. */
export function repository(attributes: Body, name = "x"): string {
  return block(`resource "imagesync_repository" ${JSON.stringify(name)}`, attributes);
}

/** The image that is published under a tag, unless another one is given. */
export function imageOf(tag: string, seed = "first"): TestManifest {
  return buildImage({ seed: `${tag} ${seed}`, layers: [{ seed: "base", size: 3000 }, 1000] });
}

/** How a plan changes `images`: each tag with what it shows before and after. */
export function changedImages(plan: Plan): Readonly<Record<string, readonly [unknown, unknown]>> {
  const before = (plan.before(address)["images"] ?? {}) as Readonly<Record<string, unknown>>;
  const after = (plan.after(address)["images"] ?? {}) as Readonly<Record<string, unknown>>;
  const tags = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    tags.filter((tag) => before[tag] !== after[tag]).map((tag) => [tag, [before[tag], after[tag]]] as const),
  );
}
