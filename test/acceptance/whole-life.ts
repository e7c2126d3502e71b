import { expect } from "vitest";
import { buildImage, buildPlatformIndex, fetchTree, treeOf, type Endpoint } from "../support/images/index.ts";
import { knownAfterApply, live, type Workspace } from "../support/terraform/index.ts";
import { deleteManifest, digestOfTag, mirror, pushTo } from "./stage.ts";

/** Where a life takes place. */
export interface Place {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly workspace: Workspace;
  readonly config: (...blocks: readonly string[]) => string;
  /** Another program's word for the digest of a tag at the destination. Default: none is asked. */
  readonly witness?: (repository: string, tag: string) => Promise<string>;
  /** Whether single tags can be deleted behind the provider's back. Default true. */
  readonly tagDelete?: boolean;
}

/**
 * The life of one `imagesync`: created, followed when the tag moves at the source, imported, repaired, renamed,
 * destroyed. What lies at the destination is read back byte for byte after each step.
 */
export async function liveWholeLife({
  source,
  destination,
  workspace,
  config,
  witness,
  tagDelete,
}: Place): Promise<void> {
  const first = buildPlatformIndex({ seed: "first", layers: [3000, 2000], shared: 5000 });
  const second = buildPlatformIndex({ seed: "second", layers: [3000], shared: 5000 });
  const neighbour = buildImage({ seed: "neighbour", layers: [1000] });
  await pushTo(source, "team/app", "1.0", first);
  await pushTo(destination, "mirror/app", "neighbour", neighbour);
  const reference = `${destination.host}/mirror/app`;
  const main = config(mirror({ source: `${source.host}/team/app:1.0`, destination: `${reference}:1.0` }));
  const renamed = config(mirror({ source: `${source.host}/team/app:1.0`, destination: `${reference}:stable` }));

  const expectInPlace = async (tag: string, image: typeof first): Promise<void> => {
    expect(await fetchTree(destination, "mirror/app", tag)).toEqual(treeOf(image));
    if (witness !== undefined) expect(await witness("mirror/app", tag)).toBe(image.digest);
  };

  await live(workspace, {
    steps: [
      {
        apply: main,
        plan: (plan) => {
          expect(plan.actions).toEqual({ "imagesync.x": "create" });
          expect(plan.after("imagesync.x")).toMatchObject({
            id: `${reference}@${first.digest}`,
            source_digest: first.digest,
            destination_digest: first.digest,
            complete: true,
            tagged_ref: `${reference}:1.0@${first.digest}`,
            media_type: knownAfterApply,
            platform_digests: knownAfterApply,
          });
        },
        state: async (state) => {
          expect(state.attributes("imagesync.x")).toMatchObject({
            id: `${reference}@${first.digest}`,
            source_digest: first.digest,
            destination_digest: first.digest,
            complete: true,
            media_type: first.mediaType,
            platform_digests: {
              "linux/amd64": first.children[0]?.digest,
              "linux/s390x": first.children[4]?.digest,
            },
            integrity_check: "manifests",
            on_source_unavailable: "keep",
          });
          await expectInPlace("1.0", first);
        },
      },
      { import: "imagesync.x", id: `${reference}:1.0,${source.host}/team/app:1.0`, form: "command" },
      { import: "imagesync.x", id: `${reference}:1.0,${source.host}/team/app:1.0`, form: "block" },
      {
        happens: () => pushTo(source, "team/app", "1.0", second),
        plan: (plan) => {
          expect(plan.actions).toEqual({ "imagesync.x": "update" });
          expect(plan.after("imagesync.x")).toMatchObject({
            id: `${reference}@${second.digest}`,
            source_digest: second.digest,
          });
          expect(plan.text).toContain(`-> "${reference}@${second.digest}"`);
        },
      },
      { apply: main, state: () => expectInPlace("1.0", second) },
      ...(tagDelete === false
        ? []
        : [
            {
              happens: () => deleteManifest(destination, "mirror/app", "1.0"),
              plan: (plan: { readonly actions: object }) => expect(plan.actions).toEqual({ "imagesync.x": "update" }),
            },
            { apply: main, state: () => expectInPlace("1.0", second) },
          ]),
      {
        apply: renamed,
        plan: (plan) => expect(plan.actions).toEqual({ "imagesync.x": "replace" }),
        state: async () => {
          expect(await digestOfTag(destination, "mirror/app", "1.0")).toBeUndefined();
          await expectInPlace("stable", second);
        },
      },
      {
        refuse: config(mirror({ source: "no spaces here", destination: `${reference}:1.0` })),
        because: /Invalid image reference/,
      },
      {
        refuse: config(mirror({ source: `${source.host}/team/app:none`, destination: `${reference}:1.0` })),
        because: /Image not found/,
      },
    ],
    checkDestroy: async () => {
      expect(await digestOfTag(destination, "mirror/app", "stable")).toBeUndefined();
      await expectInPlace("neighbour", neighbour);
    },
  });
}
