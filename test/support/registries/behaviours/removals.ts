import { digestOf, imageOf, OCI_INDEX, type ProtocolSteps } from "../protocol-steps.ts";
import { CONFIG, status, UNKNOWN_DIGEST } from "./behaviour.ts";

/** What can happen to a repository behind the protocol. */
export interface Mishaps {
  /** The manifest is gone from under its tags, as after a delete that broke off. */
  forget(repository: string, digest: string): Promise<void>;
  /** The tag is being written just now: there is a file, and nothing in it yet. */
  emptyTag(repository: string, tag: string): Promise<void>;
}

/**
 * One row of the table of everything that deletes rely on at distribution 2.8: the real one and whoever plays it must
 * give this very answer.
 */
export interface Removal {
  readonly does: string;
  readonly ask: (here: ProtocolSteps, neighbour: ProtocolSteps, mishaps: Mishaps) => Promise<unknown>;
  readonly answer: unknown;
}

/** Deletes at distribution 2.8, and what is there afterwards. */
export const removals: readonly Removal[] = [
  {
    does: "a tag is never deleted, there or not, in a repository or not",
    ask: async (here, neighbour) => {
      const { digest } = await here.image("tag");
      return [
        await status(here.ask("DELETE", "manifests/tag")),
        await status(here.ask("DELETE", "manifests/absent")),
        await status(neighbour.ask("DELETE", "manifests/tag")),
        await reads(here, "tag", digest),
      ];
    },
    answer: [
      [400, "DIGEST_INVALID"],
      [400, "DIGEST_INVALID"],
      [400, "DIGEST_INVALID"],
      [200, 200],
    ],
  },
  {
    does: "a digest that is not there, or no digest at all, is told apart",
    ask: async (here, neighbour) => {
      await here.image("tag");
      return [
        await status(here.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`)),
        await status(neighbour.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`)),
        await status(here.ask("DELETE", "manifests/sha256:abc")),
      ];
    },
    answer: [
      [404, "MANIFEST_UNKNOWN"],
      [404, "MANIFEST_UNKNOWN"],
      [400, "DIGEST_INVALID"],
    ],
  },
  {
    does: "a delete of a digest takes all its tags, and happens once",
    ask: async (here) => {
      const { digest } = await here.image("one", "same");
      for (const tag of ["two", "three"]) await here.image(tag, "same");
      await here.image("other");
      return [
        await status(here.ask("DELETE", `manifests/${digest}`)),
        await reads(here, "one", "two", "three", digest, "other"),
        await tagsOf(here),
        await status(here.ask("DELETE", `manifests/${digest}`)),
      ];
    },
    answer: [[202, ""], [404, 404, 404, 404, 200], ["other"], [404, "MANIFEST_UNKNOWN"]],
  },
  {
    does: "what was deleted can be pushed again, and is whole",
    ask: async (here) => {
      const { digest } = await here.image("tag");
      await here.ask("DELETE", `manifests/${digest}`);
      const none = await tagsOf(here);
      await here.image("tag");
      return [none, await tagsOf(here), await reads(here, "tag", digest)];
    },
    answer: [null, ["tag"], [200, 200]],
  },
  {
    does: "a tag that has moved is not touched by a delete of what it held before",
    ask: async (here) => {
      const before = await here.image("tag", "before");
      const after = await here.image("tag", "after");
      const readable = await reads(here, before.digest);
      await here.ask("DELETE", `manifests/${before.digest}`);
      const afterFirst = await reads(here, "tag", before.digest, after.digest);
      await here.ask("DELETE", `manifests/${after.digest}`);
      return [readable, afterFirst, await reads(here, "tag", after.digest), await tagsOf(here)];
    },
    answer: [[200], [200, 404, 200], [404, 404], null],
  },
  {
    does: "another manifest on the tag and a delete of its digest take the tag alone",
    ask: async (here) => {
      const { digest } = await here.image("tag", "same");
      await here.image("sibling", "same");
      const standIn = await here.image("tag", "throw-away");
      const deletion = await status(here.ask("DELETE", `manifests/${standIn.digest}`));
      return [deletion, await reads(here, "tag", "sibling", digest), await tagsOf(here)];
    },
    answer: [[202, ""], [404, 200, 200], ["sibling"]],
  },
  {
    does: "a child goes from under its index; the index stays and cannot be pushed again before its child",
    ask: async (here) => {
      const child = await here.image("child");
      const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] });
      await here.manifest("index", index, OCI_INDEX);
      const deletion = await status(here.ask("DELETE", `manifests/${child.digest}`));
      const left = await reads(here, "index", "child", child.digest);
      const refused = await status(here.manifest("again", index, OCI_INDEX));
      await here.image("child");
      return [deletion, left, refused, (await here.manifest("again", index, OCI_INDEX)).status, await tagsOf(here)];
    },
    answer: [[202, ""], [200, 404, 404], [400, "MANIFEST_BLOB_UNKNOWN"], 201, ["again", "child", "index"]],
  },
  {
    does: "with an index go its tags and nothing below it",
    ask: async (here) => {
      const child = await here.image("child");
      const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] });
      await here.manifest("index", index, OCI_INDEX);
      await here.ask("DELETE", `manifests/${digestOf(index)}`);
      return [await reads(here, "index", digestOf(index), "child", child.digest), await tagsOf(here)];
    },
    answer: [[404, 404, 200, 200], ["child"]],
  },
  {
    does: "a blob goes from under its manifests, and comes back by an upload",
    ask: async (here) => {
      await here.image("tag");
      const layer = digestOf("layer of tag");
      const deletion = await status(here.ask("DELETE", `blobs/${layer}`));
      const again = await status(here.ask("DELETE", `blobs/${layer}`));
      const left = [(await here.ask("HEAD", `blobs/${layer}`)).status, ...(await reads(here, "tag"))];
      const refused = await status(here.manifest("other", (await here.read("tag")).text));
      await here.blob("layer of tag");
      return [deletion, again, left, refused, (await here.ask("HEAD", `blobs/${layer}`)).status];
    },
    answer: [[202, ""], [404, "BLOB_UNKNOWN"], [404, 200], [400, "MANIFEST_BLOB_UNKNOWN"], 200],
  },
  {
    does: "a manifest is no blob to a delete",
    ask: async (here) => {
      const { digest } = await here.image("tag");
      return [await status(here.ask("DELETE", `blobs/${digest}`)), await reads(here, "tag", digest)];
    },
    answer: [
      [404, "BLOB_UNKNOWN"],
      [200, 200],
    ],
  },
  {
    does: "what another repository has of the same content stays",
    ask: async (here, neighbour) => {
      const { digest } = await here.image("tag", "shared");
      await neighbour.image("tag", "shared");
      await here.ask("DELETE", `manifests/${digest}`);
      await here.ask("DELETE", `blobs/${digestOf("layer of shared")}`);
      const blob = await neighbour.ask("HEAD", `blobs/${digestOf("layer of shared")}`);
      return [await reads(here, "tag"), await reads(neighbour, "tag", digest), blob.status];
    },
    answer: [[404], [200, 200], 200],
  },
  {
    does: "the subject of a manifest can be deleted, and what refers to it stays",
    ask: async (here) => {
      const subject = await here.image("subject");
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      await here.manifest("referrer", imageOf(config, [], { subject }));
      const deletion = await status(here.ask("DELETE", `manifests/${subject.digest}`));
      return [deletion, await reads(here, "subject", "referrer")];
    },
    answer: [
      [202, ""],
      [404, 200],
    ],
  },
  {
    does: "a hollow tag is listed, not found, out of reach of deletes, and healed by a push",
    ask: async (here, _neighbour, mishaps) => {
      const { digest } = await here.image("hollow");
      await here.image("other");
      await mishaps.forget(here.name, digest);
      const before = [await tagsOf(here), await reads(here, "hollow", digest, "other")];
      const deletion = await status(here.ask("DELETE", `manifests/${digest}`));
      await here.image("hollow");
      const healed = await reads(here, "hollow", digest);
      await here.ask("DELETE", `manifests/${digest}`);
      return [...before, deletion, healed, await tagsOf(here)];
    },
    answer: [["hollow", "other"], [404, 404, 200], [404, "MANIFEST_UNKNOWN"], [200, 200], ["other"]],
  },
  {
    does: "a delete while somebody writes a tag fails in the middle and leaves a hollow tag",
    ask: async (here, _neighbour, mishaps) => {
      const { digest } = await here.image("tag");
      await here.image("writing");
      await mishaps.emptyTag(here.name, "writing");
      const deletion = await status(here.ask("DELETE", `manifests/${digest}`));
      return [deletion, await reads(here, "tag", digest), await tagsOf(here)];
    },
    answer: [
      [500, "UNKNOWN"],
      [404, 404],
      ["tag", "writing"],
    ],
  },
];

/** Deletes at distribution 2.8 where they are switched off, which is its default. */
export const refusedRemovals: readonly Removal[] = [
  {
    does: "every delete is refused alike, there or not",
    ask: async (here, neighbour) => {
      const { digest } = await here.image("tag");
      const refusals = [
        await status(here.ask("DELETE", "manifests/tag")),
        await status(here.ask("DELETE", "manifests/absent")),
        await status(here.ask("DELETE", `manifests/${digest}`)),
        await status(here.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`)),
        await status(here.ask("DELETE", `blobs/${digestOf("layer of tag")}`)),
        await status(neighbour.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`)),
      ];
      return [refusals, await reads(here, "tag", digest), await tagsOf(here)];
    },
    answer: [Array.from({ length: 6 }, () => [405, "UNSUPPORTED"]), [200, 200], ["tag"]],
  },
];

async function reads(here: ProtocolSteps, ...references: readonly string[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const reference of references) statuses.push((await here.read(reference)).status);
  return statuses;
}

/** Sorted where it is a list: the order is nobody's promise. */
async function tagsOf(here: ProtocolSteps): Promise<unknown> {
  const { tags } = JSON.parse((await here.ask("GET", "tags/list")).text) as { tags: string[] | null };
  return tags?.toSorted() ?? null;
}
