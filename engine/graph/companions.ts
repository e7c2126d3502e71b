import { inLanes } from "../concurrency/lanes.ts";
import { ImagesyncError, isNotFound } from "../errors.ts";
import { fallbackTag, attachmentPrefix } from "../oci/attachment-tag.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, maxManifestBytes } from "../oci/manifest.ts";
import { isManifestType, mediaTypes } from "../oci/media-types.ts";
import type { Repository } from "../registry/repository.ts";
import { AttachmentTags } from "./attachment-tags.ts";
import { CompanionsAtMirrors } from "./companions-at-mirrors.ts";
import { readFallbackIndex } from "./fallback-index.ts";
import type { ManifestCache } from "./manifest-cache.ts";
import { ReferrerLists } from "./referrer-lists.ts";

/** What belongs to another manifest of its repository: a signature, an SBOM, an attestation. */
export interface Companion {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest; absent when the registry does not say. */
  readonly size?: number | undefined;
  /** The manifest that it belongs to, which may be a companion itself. */
  readonly subject: Digest;
  /** Where a tag says so, as cosign does; a referrer has none. */
  readonly tag?: string | undefined;
  /** Of a tag what stands behind its period: `sig`, `att`, `sbom`. */
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What belongs to some manifests. */
export interface CompanionsFound {
  /** Subjects before what belongs to them, each once. */
  readonly companions: readonly Companion[];
  /** What was left out, and why, for people. */
  readonly warnings: readonly string[];
}

/** What of all that is looked for. */
export interface CompanionOptions {
  /** Only these; what belongs to what is left out is left out too. @default every one */
  readonly artifactTypes?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The signature of an SBOM of an image is two deep; deeper than this nobody means it. */
const maxDepth = 8;
/** All that belongs to one image and its children. */
const maxCompanions = 1000;
/** Entries of lists, and tags, that are looked at to find these: some types only the manifests themselves tell. */
const maxLookedAt = 10_000;
/** Lists that are asked for at the same time, of one image. */
const parallel = 16;

/**
 * Finds what belongs to manifests: OCI referrers by the API, or the fallback tag where there is none, and the tags of
 * cosign. Lives as long as the engine, so that the images of a repository share what is asked once for all of them.
 */
export class Companions {
  readonly lists: ReferrerLists = new ReferrerLists();
  readonly tags: AttachmentTags = new AttachmentTags();
  readonly #atMirrors = new CompanionsAtMirrors();
  readonly #cache: ManifestCache;

  constructor(cache: ManifestCache) {
    this.#cache = cache;
  }

  /**
   * What belongs to the given manifests of a repository, and what belongs to that. Cycles end. A source whose registry
   * cannot be reached is looked for at its mirrors.
   * @throws `limit` for more than anybody means, and what a registry says that does not answer now.
   */
  async find(
    repository: Repository,
    subjects: readonly Digest[],
    options: CompanionOptions = {},
  ): Promise<CompanionsFound> {
    options.signal?.throwIfAborted();
    if (subjects.length === 0 || this.#hasNone(repository)) return nothing;
    const findAt = (place: Repository): Promise<CompanionsFound> => this.#findAt(place, subjects, options);
    return await this.#atMirrors.find(repository, findAt, options.signal);
  }

  async #findAt(
    repository: Repository,
    subjects: readonly Digest[],
    options: CompanionOptions,
  ): Promise<CompanionsFound> {
    const asked = new Set<Digest>();
    const found = new Map<string, Companion>();
    const warnings: string[] = [];
    let lookedAt = 0;
    // Before any of them is asked for.
    const look = (count: number): void => {
      lookedAt += count;
      if (lookedAt > maxLookedAt)
        throw tooMuch(repository, `more than ${maxLookedAt} manifests are said to refer to it`);
    };
    let level: readonly Digest[] = subjects;
    for (let depth = 0; level.length > 0; depth += 1) {
      if (depth > maxDepth) throw tooMuch(repository, `what refers to it goes more than ${maxDepth} deep`);
      const fresh = level.filter((digest) => !asked.has(digest) && asked.add(digest));
      const answers = await inLanes(fresh, parallel, async (subject) => {
        options.signal?.throwIfAborted();
        return await this.#of(repository, subject, { ...options, guess: depth === 0, look });
      });
      // In the order of the questions, so that the result does not depend on which answer came first.
      const next: Digest[] = [];
      for (const answer of answers) {
        warnings.push(...answer.warnings);
        for (const companion of answer.companions) {
          // What refers to itself in a circle has been asked about already.
          if (subjects.includes(companion.digest) && companion.tag === undefined) continue;
          const key = companion.tag ?? `${companion.subject} ${companion.digest}`;
          if (!found.has(key)) found.set(key, companion);
          next.push(companion.digest);
        }
        if (found.size > maxCompanions) throw tooMuch(repository, `more than ${maxCompanions} manifests refer to it`);
      }
      level = next;
    }
    return { companions: [...found.values()], warnings: [...new Set(warnings)] };
  }

  /** What is remembered says that nothing in the repository belongs to anything: most have no more than images. */
  #hasNone({ name }: Repository): boolean {
    return this.tags.areNone(name) && this.lists.areNone(name);
  }

  async #of(
    repository: Repository,
    subject: Digest,
    options: CompanionOptions & { readonly guess: boolean; readonly look: (count: number) => void },
  ): Promise<CompanionsFound> {
    const { artifactTypes, guess, look, signal } = options;
    const warnings: string[] = [];
    const [names, byApi] = await Promise.all([
      this.tags.of(repository, subject, { guess, signal }),
      this.lists.list(repository, subject, {
        signal,
        onRefusal: (error) => warnings.push(`What refers to images is looked for by tags only: ${error.message}`),
      }),
    ]);
    // Also beside the API: some registries answer 400 where they have none, others have it newer than their lists.
    const readsFallback = names.tags.includes(fallbackTag(subject)) && (names.listed || byApi === undefined);
    const byTag = readsFallback ? await readEntries(repository, subject, warnings, signal) : [];
    const known = new Set(byApi?.map(({ digest }) => digest));
    const entries = [...(byApi ?? []), ...byTag.filter(({ digest }) => !known.has(digest))];
    look(entries.length + (names.listed ? names.tags.length : 0));
    const referrers = await Promise.all(
      entries.map((entry) => this.#referrer(repository, subject, entry, warnings, options)),
    );
    const tagged = await Promise.all(
      names.tags
        .filter((name) => name.startsWith(attachmentPrefix(subject)))
        .filter((name) => artifactTypes === undefined || artifactTypes.includes(suffixOf(name, subject)))
        .map((name) => findTagged(repository, subject, name, signal)),
    );
    return { companions: [...referrers, ...tagged].filter((one) => one !== undefined), warnings };
  }

  async #referrer(
    repository: Repository,
    subject: Digest,
    entry: Descriptor,
    warnings: string[],
    { artifactTypes, signal }: CompanionOptions,
  ): Promise<Companion | undefined> {
    const { digest, mediaType, size, annotations } = entry;
    if (!isManifestType(mediaType) || size > maxManifestBytes) {
      warnings.push(
        `${digest} is listed as a referrer of ${subject}, but is no manifest that can be read (${mediaType})`,
      );
      return undefined;
    }
    let { artifactType } = entry;
    // Lists that clients keep have often no type, or that of the empty config: the manifest knows better.
    if (artifactTypes !== undefined && isUntold(artifactType)) {
      try {
        artifactType = artifactTypeOf(await this.#cache.get(repository, digest, signal));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        warnings.push(`${digest} is listed as a referrer of ${subject}, but is not there`);
        return undefined;
      }
    }
    if (artifactTypes !== undefined && !artifactTypes.includes(artifactType ?? "")) return undefined;
    return { digest, mediaType, size, subject, ...(artifactType ? { artifactType } : {}), annotations };
  }
}

const nothing: CompanionsFound = { companions: [], warnings: [] };

/**
 * What kind of artifact a manifest is.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (manifest.artifactType !== undefined && manifest.artifactType !== "") return manifest.artifactType;
  return manifest.kind === "image" ? manifest.config?.mediaType : undefined;
}

function isUntold(artifactType: string | undefined): boolean {
  return artifactType === undefined || artifactType === "" || artifactType === mediaTypes.ociEmpty;
}

async function readEntries(
  repository: Repository,
  subject: Digest,
  warnings: string[],
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const found = await readFallbackIndex(repository, subject, signal);
  if (found.kind === "index") return found.index.manifests.filter(({ digest }) => digest !== subject);
  if (found.kind !== "absent") {
    const { registry, repository: name } = repository.name;
    warnings.push(
      `The tag ${registry}/${name}:${fallbackTag(subject)} is no list of referrers and is ignored: ${found.why}`,
    );
  }
  return [];
}

async function findTagged(
  repository: Repository,
  subject: Digest,
  tag: string,
  signal: AbortSignal | undefined,
): Promise<Companion | undefined> {
  const held = await repository.manifests.find(tag, { signal });
  // GitLab shows a digest under a tag of that form.
  if (held === undefined || held.digest === subject) return undefined;
  return { ...held, subject, tag, artifactType: suffixOf(tag, subject) };
}

function suffixOf(tag: string, subject: Digest): string {
  return tag.slice(attachmentPrefix(subject).length);
}

function tooMuch({ name, side }: Repository, why: string): ImagesyncError {
  return new ImagesyncError({
    code: "limit",
    operation: "find referrers",
    side,
    registry: name.registry,
    message: `Cannot find what belongs to an image of ${name.registry}/${name.repository}: ${why}`,
    hint: "Copy the image without its referrers, or only some artifact types of them",
  });
}
