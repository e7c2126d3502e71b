import { type Behaviour, UNKNOWN_DIGEST, status } from "./behaviour.ts";
import { digestOf, OCI_INDEX } from "../protocol-steps.ts";

/** Deleting manifests and tags. */
export const deletions: readonly Behaviour[] = [
  {
    does: "deleting a digest takes all its tags along, and its blobs stay",
    ask: async (here) => {
      const { digest } = await here.image("one", "same");
      await here.image("two", "same");
      await here.image("other");
      const deletion = await here.ask("DELETE", `manifests/${digest}`);
      const reads = await Promise.all(["one", "two", digest, "other"].map((reference) => here.read(reference)));
      const blob = await here.ask("HEAD", `blobs/${digestOf("layer of same")}`);
      return [deletion.status, ...reads.map((read) => read.status), blob.status];
    },
    answer: [202, 404, 404, 404, 200, 200],
  },
  {
    does: "deleting a tag leaves its siblings and its manifest",
    ask: async (here) => {
      const { digest } = await here.image("one", "same");
      await here.image("two", "same");
      const deletion = await here.ask("DELETE", "manifests/one");
      const reads = await Promise.all(["one", "two", digest].map((reference) => here.read(reference)));
      return [deletion.status, ...reads.map((read) => read.status)];
    },
    answer: [202, 404, 200, 200],
    // It refuses, and everything is as before.
    dockerRegistry: [400, 200, 200, 200],
  },
  {
    does: "an unknown digest cannot be deleted",
    ask: async (here) => {
      await here.image("tag");
      return status(here.ask("DELETE", `manifests/${UNKNOWN_DIGEST}`));
    },
    answer: [404, "MANIFEST_UNKNOWN"],
  },
  {
    does: "a child can be deleted under its index",
    ask: async (here) => {
      const child = await here.image("child");
      await here.manifest("tag", { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }, OCI_INDEX);
      const deletion = await here.ask("DELETE", `manifests/${child.digest}`);
      return [deletion.status, (await here.read("tag")).status, (await here.read(child.digest)).status];
    },
    answer: [202, 200, 404],
  },
  {
    does: "a blob can be deleted under its manifest",
    ask: async (here) => {
      await here.image("tag");
      const deletion = await here.ask("DELETE", `blobs/${digestOf("layer of tag")}`);
      return [deletion.status, (await here.read("tag")).status];
    },
    answer: [202, 200],
  },
];
