import { expect } from "vitest";
import { createEngine, parseReference } from "../../engine/index.ts";
import { openRegistry } from "../acceptance/stage.ts";
import { attachmentTag, buildCosignSignatures, buildReferrer, sbomType } from "../support/images/companions.ts";
import { buildAttestation } from "../support/images/image-index.ts";
import { buildImage, buildIndex, exchange, push, type TestManifest } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";

/** A line of the drawing. */
interface Node {
  readonly name: string;
  /** How it hangs on what is above it. */
  readonly by: "index" | "referrer" | "tag" | "root";
  readonly below: Node[];
}

/** What belongs to an image, built as it is drawn, and copied. */
export const companionsDrawingHandler: Handler = {
  proves: "all that docs/guides/how-it-works.md has drawn below an image travels with it",
  blocks: ["docs/guides/how-it-works.md > What belongs to an image > 1"],
  needs: [],
  async run([drawing]) {
    const root = treeIn(drawing?.text ?? "");
    const [source, destination] = [await openRegistry(), await openRegistry()];
    const children = root.below.filter(({ by }) => by === "index");
    const manifests = new Map<Node, TestManifest>();
    const tags = new Map<Node, string>();
    for (const child of children) manifests.set(child, imageFor(child, [...manifests.values()]));
    manifests.set(root, buildIndex({ children: [...manifests.values()] }));
    attach(root, manifests, tags);
    const at = { host: source.host, repository: "team/app" };
    for (const [node, manifest] of manifests) {
      const tag = node === root ? "1" : tags.get(node);
      await push(manifest, { ...at, ...(tag === undefined ? {} : { tag }) });
    }
    const registries = [source, destination].map(({ host }) => ({ address: host, plainHttp: true }));
    const engine = createEngine({ registries, userAgent: "test", environment: {} });
    try {
      const rule = {
        source: parseReference(`${source.host}/team/app:1`),
        destination: parseReference(`${destination.host}/mirror/app:1`),
        policy: { referrers: {} },
      };
      const { items } = await engine.apply(await engine.plan(rule));
      // Children come with their index; everything else is an item of its own.
      expect(items).toHaveLength(manifests.size - children.length);
      expect(items.map(({ error }) => error)).toEqual(items.map(() => undefined));
    } finally {
      await engine.close();
    }
    expect(manifests.size).toBe(drawing?.text.trim().split("\n").length);
    for (const { digest } of manifests.values()) {
      const target = `/v2/mirror/app/manifests/${digest}`;
      expect((await exchange(destination, { method: "HEAD", target, headers: { accept: "*/*" } })).status).toBe(200);
    }
  },
};

function treeIn(text: string): Node {
  const [first = "", ...lines] = text.trim().split("\n");
  const nodeOf = (line: string, by: Node["by"]): Node => ({ name: /^\S+/.exec(line)?.[0] ?? "", by, below: [] });
  const root = nodeOf(first, "root");
  const path = [root];
  for (const line of lines) {
    const [, indentation = "", mark = "", rest = ""] = /^([│ ]*)[├└]([─◄·])[─·]+ (.*)$/.exec(line) ?? [];
    const depth = indentation.length / 4;
    const node = nodeOf(rest, mark === "◄" ? "referrer" : mark === "·" ? "tag" : "index");
    expect(path.length).toBeGreaterThan(depth);
    path.length = depth + 1;
    path.at(-1)?.below.push(node);
    path.push(node);
  }
  return root;
}

function imageFor({ name }: Node, others: readonly TestManifest[]): TestManifest {
  const [os = "", architecture] = name.split("/");
  if (architecture !== undefined) return buildImage({ seed: name, layers: [300], platform: { os, architecture } });
  expect(name).toBe("attestation");
  const [image] = others;
  if (image === undefined) throw new Error("An attestation is of an image");
  return buildAttestation(image);
}

/** Makes what hangs on a manifest that is there, and on that in turn. */
function attach(node: Node, manifests: Map<Node, TestManifest>, tags: Map<Node, string>): void {
  const subject = manifests.get(node);
  if (subject === undefined) throw new Error(`There is no ${node.name}`);
  for (const each of node.below) {
    if (each.by === "referrer") {
      const seed = `${each.name} of ${node.name}`;
      manifests.set(each, each.name === "SBOM" ? buildReferrer(subject, seed, sbomType) : buildReferrer(subject, seed));
    } else if (each.by === "tag") {
      manifests.set(each, buildCosignSignatures(subject, [`of ${node.name}`]));
      tags.set(each, attachmentTag(subject, each.name.replace(".", "")));
    }
    attach(each, manifests, tags);
  }
}
