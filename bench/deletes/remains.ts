import { exchange, fetchTree, treeOf, type TestManifest } from "../../test/support/images/index.ts";
import type { Side } from "../contestants.ts";
import type { DoomedRepository } from "./repository.ts";

/** What a repository is like when somebody has removed images from it. */
export interface Remains {
  /** Tags that were to go and are gone. */
  readonly removed: number;
  /** Tags that were to stay and are gone. */
  readonly lost: number;
  /** Tags that were to stay and pull completely, byte for byte. */
  readonly whole: number;
  /** Manifests that only the removed tags had, and that are still there. */
  readonly manifests: number;
  /** Blobs that only the removed tags had, and that are still there. */
  readonly blobs: number;
}

/** What should remain: all that was to go is gone, all that was to stay is whole. */
export function ideal({ tags, removals }: DoomedRepository): Remains {
  return { removed: removals.length, lost: 0, whole: tags.size - removals.length, manifests: 0, blobs: 0 };
}

/** What only the removed tags have: the manifests and blobs that a removal could free. */
export function freeable({ tags, removals }: DoomedRepository): { manifests: Set<string>; blobs: Set<string> } {
  const gone = new Set(removals.map(({ tag }) => tag));
  const of = (images: readonly TestManifest[]): { manifests: Set<string>; blobs: Set<string> } => {
    const trees = images.map(treeOf);
    return {
      manifests: new Set(trees.flatMap((tree) => Object.keys(tree.manifests))),
      blobs: new Set(trees.flatMap((tree) => Object.keys(tree.blobs))),
    };
  };
  const doomed = of([...tags].filter(([tag]) => gone.has(tag)).map(([, image]) => image));
  const staying = of([...tags].filter(([tag]) => !gone.has(tag)).map(([, image]) => image));
  return {
    manifests: without(doomed.manifests, staying.manifests),
    blobs: without(doomed.blobs, staying.blobs),
  };
}

function without(digests: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...digests].filter((digest) => !others.has(digest)));
}

/** Looks at everything, by plain HTTP: each tag, each manifest and blob that should be gone, each image that should not. */
export async function inspectRemains({ host, repository }: Side, doomed: DoomedRepository): Promise<Remains> {
  const gone = new Set(doomed.removals.map(({ tag }) => tag));
  const unneeded = freeable(doomed);
  const there = async (path: string): Promise<boolean> => {
    const headers = { accept: [...types(doomed)].join(",") };
    const { status } = await exchange({ host }, { method: "HEAD", target: `/v2/${repository}/${path}`, headers });
    if (status !== 200 && status !== 404) throw new Error(`HEAD ${path}: status ${status}`);
    return status === 200;
  };
  const pulls = async (tag: string, image: TestManifest): Promise<boolean> => {
    try {
      return (await fetchTree({ host }, repository, tag)).digest === image.digest;
    } catch {
      // Whatever is missing or wrong: this tag is not whole, and that is counted.
      return false;
    }
  };
  const staying = [...doomed.tags].filter(([tag]) => !gone.has(tag));
  const goneNow = await count([...gone], async (tag) => !(await there(`manifests/${tag}`)));
  return {
    removed: goneNow,
    lost: await count(staying, async ([tag]) => !(await there(`manifests/${tag}`))),
    whole: await count(staying, ([tag, image]) => pulls(tag, image)),
    manifests: await count([...unneeded.manifests], (digest) => there(`manifests/${digest}`)),
    blobs: await count([...unneeded.blobs], (digest) => there(`blobs/${digest}`)),
  };
}

/** The worst that several runs have left. */
export function worst(runs: readonly Remains[]): Remains {
  return {
    removed: Math.min(...runs.map((run) => run.removed)),
    lost: Math.max(...runs.map((run) => run.lost)),
    whole: Math.min(...runs.map((run) => run.whole)),
    manifests: Math.max(...runs.map((run) => run.manifests)),
    blobs: Math.max(...runs.map((run) => run.blobs)),
  };
}

function types({ tags }: DoomedRepository): Set<string> {
  return new Set([...tags.values()].map((image) => image.mediaType));
}

async function count<Item>(items: readonly Item[], holds: (item: Item) => Promise<boolean>): Promise<number> {
  const waiting = [...items];
  let found = 0;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) if (await holds(next)) found += 1;
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return found;
}
