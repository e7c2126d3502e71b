import { KeyedLock } from "./concurrency/keyed-lock.ts";
import type { CopyContext } from "./copy/copy.ts";
import { FallbackLists } from "./copy/fallback-lists.ts";
import { digestOfTag, examinePlatforms } from "./copy/plan.ts";
import { type Inspection, type InspectionOptions, inspectManifest } from "./copy/inspection.ts";
import { retainDigest } from "./copy/retention.ts";
import { TransferScheduler } from "./copy/scheduler.ts";
import { Transfers } from "./copy/transfer.ts";
import { createCredentialChain, type CredentialChain, type CredentialChainOptions } from "./credentials/chain.ts";
import { requestDirectly } from "./credentials/cloud-request.ts";
import type { Environment } from "./credentials/environment.ts";
import { type CollectOptions, Deletions, type RemoveOptions } from "./delete/deletions.ts";
import type { CollectionReport, RemovalReport } from "./delete/report.ts";
import type { Side } from "./errors.ts";
import { examine, type ExamineOptions, type Place } from "./examination/examine.ts";
import type { Examination } from "./examination/report.ts";
import { Claims } from "./graph/claims.ts";
import { type CompanionOptions, Companions, type CompanionsFound } from "./graph/companions.ts";
import { Known, repositoryKey } from "./graph/known.ts";
import { ManifestCache } from "./graph/manifest-cache.ts";
import { HttpClient, type HttpClientOptions } from "./http/client.ts";
import type { RateLimit } from "./http/rate-limit.ts";
import type { RequestCount } from "./http/request-counts.ts";
import { createRedactor } from "./http/redact.ts";
import { redactedError, redactedEvent } from "./http/redacted.ts";
import { watched } from "./http/service-secrets.ts";
import type { Digest } from "./oci/digest.ts";
import { manifestKey, type Reference, type RepositoryName, tagOrLatest } from "./oci/reference.ts";
import { Layouts } from "./layout/layouts.ts";
import { isLayoutKind } from "./layout/location.ts";
import { onlyTagOf, refuseCollection } from "./layout/removal.ts";
import { pingRegistry } from "./registry/registry.ts";
import { openRepository, type Repository } from "./registry/repository.ts";
import type { Purpose } from "./registry/repository-requests.ts";
import { type ApplyContext, type ApplyOptions, applyPlan } from "./sync/apply.ts";
import { writingArchives } from "./sync/archives.ts";
import type { DestinationTags } from "./sync/destination-tags.ts";
import { failure } from "./sync/failure.ts";
import { type Ends, isDelete, type Plan, type PlanFailure } from "./sync/plan.ts";
import { planImage } from "./sync/plan-image.ts";
import { planSet } from "./sync/plan-set.ts";
import type { Report, ReportItem } from "./sync/report.ts";
import type { Policy, Rule } from "./sync/rule.ts";
import { type SelectedImages, selectImages } from "./sync/select-images.ts";

export interface EngineOptions extends Omit<HttpClientOptions, "credentials" | "environment" | "userAgent"> {
  /** Where logins come from. @default docker's configuration, where the environment says it is */
  readonly credentials?: Omit<CredentialChainOptions, "environment"> | undefined;
  /** Environment variables, such as `process.env`; the engine reads none by itself. @default none */
  readonly environment?: Environment | undefined;
  /** How many blobs move at the same time. @default 30, at most 4 of them of a mebibyte or more */
  readonly maxParallelTransfers?: number | undefined;
  /** Name and version of the program, for registries' logs. @default "imagesync" */
  readonly userAgent?: string | undefined;
}

export interface StopOptions {
  /** Ends the call within two seconds. */
  readonly signal?: AbortSignal | undefined;
}

/** What a tag stands for. */
export interface Resolution {
  /** The digest of what the reference points at. */
  readonly sourceDigest: Digest;
  /** The digest a copy of it will have at its tag: the same by sha256, or that of the platform subset. */
  readonly digest: Digest;
  readonly mediaType: string;
}

/**
 * The verbs. An engine lives as long as the process: what it learns of registries, and the connections to them, serve
 * all later calls; calls may run at the same time and share their work.
 */
export class Engine {
  readonly #client: HttpClient;
  readonly #credentials: CredentialChain;
  readonly #context: CopyContext;
  readonly #repositoryLock = new KeyedLock();
  readonly #deletions: Deletions;
  readonly #layouts = new Layouts();

  constructor(options: EngineOptions = {}) {
    const { credentials, environment = {}, userAgent = "imagesync", maxParallelTransfers, ...http } = options;
    // Clouds are asked for logins the way registries are asked for images: through the same proxy, with the same certificates.
    const redactor = http.redactor ?? createRedactor();
    const clouds = {
      request: watched((message, signal) => this.#client.askService(message, signal), redactor),
      requestDirectly: watched(requestDirectly, redactor),
    };
    const chain = createCredentialChain({ clouds, ...credentials, environment });
    this.#credentials = chain;
    const known = new Known();
    this.#client = new HttpClient({ ...http, redactor, userAgent, environment, credentials: chain });
    const cache = new ManifestCache();
    this.#context = {
      known,
      claims: new Claims(),
      cache,
      companions: new Companions(cache),
      fallbackLists: new FallbackLists(),
      transfers: new Transfers(known, new TransferScheduler(maxParallelTransfers)),
    };
    this.#deletions = new Deletions({ ...this.#context, repositoryLock: this.#repositoryLock });
  }

  /** Asks whether a registry answers and lets us in. @throws why not. */
  async ping(registry: string, options: StopOptions = {}): Promise<void> {
    await this.#verb("reach the registry", options, () => pingRegistry(this.#client, registry, options.signal));
  }

  /**
   * Looks at a registry thing by thing: name, TLS, API, login, and in a repository what may be done there. What does
   * not work is in the report, with what to do about it. Leaves nothing behind.
   */
  async examine(place: Place, options: ExamineOptions = {}): Promise<Examination> {
    const context = { client: this.#client, credentials: this.#credentials };
    return await this.#verb("examine the registry", options, () => examine(place, context, options));
  }

  /**
   * What a reference points at now; with `platforms`, what it would be reduced to.
   * @throws `not-found` when it points at nothing, `unsupported` when a platform is not offered.
   */
  async resolve(
    reference: Reference,
    options: StopOptions & Pick<Policy, "platforms" | "requiredPlatforms"> & { readonly side?: Side | undefined } = {},
  ): Promise<Resolution> {
    const { platforms = [], requiredPlatforms = [], signal } = options;
    const repository = this.#open(reference, "read", options.side);
    return await this.#verb("resolve", options, async () => {
      const head = await repository.manifests.head(manifestKey(reference), { signal });
      const wanted = { source: repository, platforms, requiredPlatforms };
      const { cache } = this.#context;
      const subset = await examinePlatforms(wanted, head.digest, { cache, signal });
      return {
        sourceDigest: head.digest,
        digest: await digestOfTag(repository, subset?.digest ?? head.digest, { cache, signal }),
        mediaType: subset?.mediaType ?? head.mediaType,
      };
    });
  }

  /**
   * What a reference points at, and whether everything below it is there: `depth` says how far to look.
   * @throws `not-found` when the reference itself points at nothing; content that is missing below it is a result.
   */
  async inspect(
    reference: Reference,
    options: StopOptions & InspectionOptions & { readonly side?: Side } = {},
  ): Promise<Inspection> {
    const repository = this.#open(reference, "read", options.side);
    return await this.#verb("inspect", options, () =>
      inspectManifest(repository, manifestKey(reference), this.#context.cache, options),
    );
  }

  /** Every tag of a repository. @throws `not-found` when there is none of this name. */
  async tags(
    name: RepositoryName,
    { side, ...options }: StopOptions & { readonly side?: Side | undefined } = {},
  ): Promise<string[]> {
    return await this.#verb("list tags", options, () => this.#open(name, "read", side).tags.list(options));
  }

  /**
   * What belongs to an image at its registry: OCI referrers, by the API or the fallback tag, and the tags of cosign;
   * also what belongs to these in turn. Of an index this is what refers to the index itself, not to its children.
   * @throws `not-found` when the reference points at nothing.
   */
  async referrers(
    reference: Reference,
    options: StopOptions & Pick<CompanionOptions, "artifactTypes"> = {},
  ): Promise<CompanionsFound> {
    const repository = this.#open(reference, "read");
    const { companions } = this.#context;
    const { redactor } = this.#client;
    return await this.#verb("list referrers", options, async () => {
      const { digest } = await repository.manifests.head(manifestKey(reference), options);
      const found = await companions.find(repository, [digest], options);
      return { ...found, warnings: found.warnings.map((warning) => redactor.redact(warning)) };
    });
  }

  /**
   * Which images a rule with a selection wants, each with its digest: tags are listed, unless they are all named, and
   * each is asked for by one HEAD. A tag that cannot be resolved is one of the failures.
   * @throws as {@link plan}.
   */
  async select(rule: Rule, options: StopOptions = {}): Promise<SelectedImages> {
    const selected = await this.#verb("select tags", options, () =>
      selectImages(rule, rule.selection ?? {}, this.#ends(rule.source, rule.destination), options),
    );
    return { ...selected, failures: this.#redactedFailures(selected.failures) };
  }

  /**
   * Decides what is to be done for a rule. Reads only; each tag is resolved once, here. With a selection a tag that
   * cannot be planned is one of the plan's failures.
   * @throws what keeps the one image of a rule without selection from being planned; of a selection `config` where it
   * contradicts itself, and what keeps a registry from listing its tags.
   */
  async plan(rule: Rule, options: StopOptions = {}): Promise<Plan> {
    const { selection } = rule;
    const ends = this.#ends(rule.source, rule.destination);
    const { signal } = options;
    const { cache, companions } = this.#context;
    const onSourceTags = (tags: readonly string[]): void => companions.tags.remember(rule.source, tags);
    // A delete of this process must not fall between finding a tag in place and saying so.
    const planOne = (image: Rule, destinationTags?: DestinationTags): Promise<Plan> =>
      this.#repositoryLock.shared(
        repositoryKey(image.destination),
        async () => {
          const plan = await planImage(image, ends, { cache, companions, destinationTags, signal });
          for (const { action, destination } of plan.items) {
            const tag = tagOrLatest(destination);
            if (action === "skip" && tag !== undefined) this.#context.claims.claim(destination, tag);
          }
          return plan;
        },
        signal,
      );
    const mark = this.#context.claims.mark();
    const plan = await this.#verb("plan a copy", options, () =>
      selection === undefined
        ? planOne(rule)
        : planSet(rule, selection, ends, { planImage: planOne, onSourceTags, signal }),
    );
    const { redactor } = this.#client;
    return {
      ...plan,
      ...(plan.failures && { failures: this.#redactedFailures(plan.failures) }),
      ...(plan.warnings && { warnings: plan.warnings.map((warning) => redactor.redact(warning)) }),
      ...(plan.items.some(isDelete) && { mark }),
    };
  }

  /**
   * Executes a plan. Failures are in the report, an item each; nothing is thrown for them.
   * @throws `config` for a plan whose items follow what they cannot follow.
   */
  async apply(plan: Plan, options: ApplyOptions = {}): Promise<Report> {
    const before = this.#client.statistics().requests;
    const context: ApplyContext = {
      ...this.#context,
      repositoryLock: this.#repositoryLock,
      open: ({ source, destination, createRepository }) => this.#ends(source, destination, createRepository),
      remove: async ({ destination, digest, referrers }, signal) => {
        const repository = this.#open(destination, "delete", "destination");
        const removal = onlyTagOf(destination, { expectDigest: digest, referrers, since: plan.mark, signal });
        return this.#redacted(await this.#deletions.remove(repository, tagOrLatest(destination), removal));
      },
    };
    const { redactor } = this.#client;
    const { onEvent, onItem } = options;
    const redacted = (item: ReportItem): ReportItem =>
      item.error ? { ...item, error: redactedError(item.error, redactor) } : item;
    const told = onItem && ((item: ReportItem): void => onItem(redacted(item)));
    const done = await writingArchives(plan, this.#layouts, { ...options, onItem: told }, (archived) =>
      applyPlan(plan, context, {
        ...archived,
        onEvent: onEvent && ((event) => onEvent(redactedEvent(event, redactor))),
      }),
    );
    const items = done.map(redacted);
    const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
    return { items, bytes, requests: this.#client.statistics().requests - before };
  }

  /**
   * Puts a tag of its own on a digest that a tag has held, so that it stays pullable when the tag moves on, until it is
   * removed or collected as one of the tag's earlier digests.
   * @returns false when the digest, or part of it, is gone.
   */
  async retain(reference: Reference, digest: Digest, options: StopOptions = {}): Promise<boolean> {
    const destination = this.#open(reference, "write", "destination");
    const tag = tagOrLatest(reference) ?? "";
    const { signal } = options;
    const retain = (): Promise<boolean> => retainDigest({ destination, tag, digest }, this.#context, signal);
    return await this.#verb("tag an earlier image", options, () =>
      this.#repositoryLock.shared(repositoryKey(reference), retain, signal),
    );
  }

  /**
   * Takes a tag away if it still holds the expected digest and nobody in this process has put or confirmed it since,
   * then collects what only it has held. What is gone already is success. Of a reference by digest alone the content
   * is collected if no tag holds it. Of a layout only the tag goes.
   * @throws `unsupported` when the registry cannot remove one tag without harming others. What of the content could
   * not be collected is in the report.
   */
  async remove(reference: Reference, options: RemoveOptions = {}): Promise<RemovalReport> {
    const repository = this.#open(reference, "delete", "destination");
    // Whoever writes a digest beside the tag means the tag as long as it holds that.
    const expectDigest = options.expectDigest ?? reference.digest;
    const removal = onlyTagOf(reference, { ...options, expectDigest });
    return await this.#verb("delete tag", options, async () =>
      this.#redacted(await this.#deletions.remove(repository, tagOrLatest(reference), removal)),
    );
  }

  /**
   * Collects garbage: the given digests, if nobody needs them, and what interrupted removals have left. With a tag in
   * the reference the digests are what it held earlier. Nothing that the registry answers fails this; it is reported.
   * @throws `unsupported` at a layout, of which no content is deleted
   */
  async collect(
    reference: RepositoryName & Partial<Reference>,
    options: CollectOptions = {},
  ): Promise<CollectionReport> {
    const repository = this.#open(reference, "delete", "destination");
    refuseCollection(reference);
    return await this.#verb("collect garbage", options, async () =>
      this.#redacted(await this.#deletions.collect(repository, reference.tag, options)),
    );
  }

  /** What was asked of registries so far. */
  statistics(): { readonly requests: number; readonly bytesReceived: number; readonly bytesSent: number } {
    return this.#client.statistics();
  }

  /** The same requests, by registry, method and status. */
  requestCounts(): RequestCount[] {
    return this.#client.requestCounts();
  }

  /** What a registry has last said of how often it may still be asked; undefined for one that never told. */
  rateLimit(registry: string): RateLimit | undefined {
    return this.#client.rateLimit(registry);
  }

  /** Closes the connections; calls under way fail. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  #ends(source: Reference, destination: Reference, createRepository?: boolean): Ends {
    return {
      source: this.#open(source, "read", "source"),
      destination: this.#open(destination, "write", "destination", createRepository),
    };
  }

  #open(
    name: RepositoryName & Partial<Reference>,
    purpose: Purpose,
    side?: Side,
    createRepository?: boolean,
  ): Repository {
    if (isLayoutKind(name.registry)) return this.#layouts.open(name, side);
    return openRepository(this.#client, name, { purpose, side, createRepository });
  }

  /** Whatever happens inside of a verb, its caller gets an ImagesyncError, and no secret that a registry has repeated. */
  async #verb<T>(operation: string, options: StopOptions, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw redactedError(failure(error, operation, options.signal), this.#client.redactor);
    }
  }

  #redactedFailures(failures: readonly PlanFailure[]): PlanFailure[] {
    const { redactor } = this.#client;
    return failures.map(({ message, hint, ...failed }) => ({
      ...failed,
      message: redactor.redact(message),
      ...(hint === undefined ? {} : { hint: redactor.redact(hint) }),
    }));
  }

  /** What could not be done is told in words of registries. */
  #redacted<T extends CollectionReport>(report: T): T {
    const { redactor } = this.#client;
    return { ...report, skipped: report.skipped.map(({ what, why }) => ({ what, why: redactor.redact(why) })) };
  }
}

export function createEngine(options: EngineOptions = {}): Engine {
  return new Engine(options);
}
