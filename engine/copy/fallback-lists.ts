import { Batches } from "../concurrency/batches.ts";
import { KeyedLock } from "../concurrency/keyed-lock.ts";
import { ImagesyncError } from "../errors.ts";
import { artifactTypeOf } from "../graph/companions.ts";
import { type FallbackIndex, readFallbackIndex } from "../graph/fallback-index.ts";
import { repositoryKey } from "../graph/known.ts";
import { fallbackTag } from "../oci/attachment-tag.ts";
import { asObject } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Index, type Manifest, parseManifest } from "../oci/manifest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";

/** How often the list is read and written when somebody else writes it at the same time. */
const maxAttempts = 5;

/** A manifest, and what it refers to. */
interface Referrer {
  readonly manifest: Manifest;
  readonly subject: Digest;
}

/** Something answered: done. */
const done = true as const;

/**
 * Keeps the fallback tags of registries that do not list referrers themselves: indexes that clients write. One writer
 * at a time for each of them in this process, and whatever waits for its turn is written at once. Others' entries stay.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests-with-subject
 */
export class FallbackLists {
  readonly #waiting = new Batches<Manifest, typeof done>();
  readonly #writing = new KeyedLock();

  /**
   * Lists a manifest, which the repository has, under its subject.
   * @throws `conflict` when the fallback tag holds something that is no list, or others write it without end.
   */
  async add(repository: Repository, { manifest, subject }: Referrer, signal?: AbortSignal): Promise<void> {
    const key = `${repositoryKey(repository.name)}:${fallbackTag(subject)}`;
    await this.#waiting.join(
      key,
      manifest,
      (take, signal) =>
        this.#writing.exclusive(
          key,
          async () => {
            const manifests = take();
            await addAll(repository, subject, manifests, signal);
            return manifests.map(() => done);
          },
          signal,
        ),
      signal,
    );
  }
}

/** Read, add, write, read again: registries have no way to write only what nobody else has changed. */
async function addAll(
  repository: Repository,
  subject: Digest,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<void> {
  const tag = fallbackTag(subject);
  let found = await readFallbackIndex(repository, subject, signal);
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    if (found.kind === "other" || (found.kind === "itself" && (await isListed(repository, tag, signal))))
      throw occupied(repository, tag, found.why);
    const wanted = withEntries(found.kind === "index" ? found.index : undefined, manifests);
    // Nothing stands between the last look and this write.
    if (wanted !== undefined) await repository.manifests.put(wanted, tag, { signal });
    else return;
    found = await readFallbackIndex(repository, subject, signal);
    if (lists(found, manifests)) return;
  }
  throw new ImagesyncError({
    code: "conflict",
    operation: "list a referrer",
    side: repository.side,
    registry: repository.name.registry,
    message: `Cannot list referrers in ${repository.name.registry}/${repository.name.repository}:${tag}: somebody else writes it all the time`,
    hint: "Try again when nobody else signs this image",
  });
}

/** GitLab shows a manifest under this name also where nobody has made such a tag. */
async function isListed(repository: Repository, tag: string, signal: AbortSignal): Promise<boolean> {
  return (await repository.tags.list({ signal })).includes(tag);
}

function lists(found: FallbackIndex, manifests: readonly Manifest[]): boolean {
  if (found.kind !== "index") return false;
  const listed = new Set(found.index.manifests.map(({ digest }) => digest));
  return manifests.every(({ digest }) => listed.has(digest));
}

/**
 * The index with these manifests in it, undefined when it has them. What others have written into it stays letter for
 * letter, their order too; new entries are appended in the order of their digests.
 */
export function withEntries(index: Index | undefined, manifests: readonly Manifest[]): Manifest | undefined {
  const listed = new Set(index?.manifests.map(({ digest }) => digest));
  const fresh = manifests
    .filter(({ digest }) => !listed.has(digest) && listed.add(digest))
    .toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  if (fresh.length === 0) return undefined;
  const original = index === undefined ? {} : asObject(JSON.parse(new TextDecoder().decode(index.bytes)));
  const entries = Array.isArray(original?.["manifests"]) ? (original["manifests"] as readonly unknown[]) : [];
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    ...original,
    manifests: [...entries, ...fresh.map(entryOf)],
  };
  return parseManifest(new TextEncoder().encode(JSON.stringify(document)), mediaTypes.ociIndex);
}

/** With the true type of the artifact: who looks for signatures filters by it. */
function entryOf(manifest: Manifest): object {
  const artifactType = artifactTypeOf(manifest);
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.byteLength,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}

function occupied({ name, side }: Repository, tag: string, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "conflict",
    operation: "list a referrer",
    side,
    registry: name.registry,
    message: `Cannot list a referrer in ${name.registry}/${name.repository}:${tag}: ${why}`,
    hint: "This tag is for the list of what refers to an image; give what it holds another tag, and try again",
  });
}
