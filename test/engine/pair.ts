import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import { type RegistryOptions, type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import {
  createEngine,
  type Engine,
  type EngineOptions,
  type OnEvent,
  parseReference,
  type Plan,
  type Policy,
  type Reference,
  type Report,
  type ReportItem,
} from "../../engine/index.ts";
import { fetchTree, type ImageTree, push, type TestManifest } from "../support/images/index.ts";

/** What happens between two registries in one test. */
export interface Pair {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly engine: Engine;
  /** Another engine, as a later process has it: it knows nothing of what the first one did. */
  newEngine(options?: EngineOptions): Engine;
  /** Pushes an image to the source, without the engine. */
  seed(image: TestManifest, repository?: string, tag?: string): Promise<Reference>;
  /** A reference into the destination. */
  at(text: string): Reference;
  /** Plans and applies one image; the report's only item. */
  copy(source: Reference, destination: Reference, options?: CopyOptions): Promise<ReportItem>;
  /** Everything at the destination, read without the engine. */
  tree(reference: Reference): Promise<ImageTree>;
  /** What a tag of the destination points at, asked without the engine; undefined when there is none. */
  tagged(reference: Reference): Promise<string | undefined>;
  resetCounts(): void;
}

interface CopyOptions extends Policy {
  readonly engine?: Engine;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnEvent;
}

export interface PairOptions {
  readonly source?: RegistryOptions;
  readonly destination?: RegistryOptions;
  readonly engine?: EngineOptions;
  /** Both ends are one registry. */
  readonly same?: boolean;
}

/** Pauses between attempts without which a test of failures takes seconds. */
export const quickRetry: NonNullable<EngineOptions["retry"]> = { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 };

/** Starts two registries in memory and an engine; the end of the test closes them. */
export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const source = await startRegistry(options.source);
  onTestFinished(() => source.close());
  const destination = options.same === true ? source : await startRegistry(options.destination);
  onTestFinished(() => destination.close());
  const registries = [...new Set([source.host, destination.host])].map((address) => ({ address, plainHttp: true }));
  const newEngine = (more: EngineOptions = {}): Engine => {
    const engine = createEngine({ registries, retry: quickRetry, ...options.engine, ...more });
    onTestFinished(() => engine.close());
    return engine;
  };
  const engine = newEngine();
  return {
    source,
    destination,
    engine,
    newEngine,
    seed: async (image, repository = "from/app", tag = "1") => {
      await push(image, { host: source.host, repository, tag });
      return parseReference(`${source.host}/${repository}:${tag}`);
    },
    at: (text) => parseReference(`${destination.host}/${text}`),
    copy: async (from, to, { engine: chosen = engine, signal, onEvent, ...policy } = {}) => {
      const stop = signal === undefined ? {} : { signal };
      const plan = await chosen.plan({ source: from, destination: to, policy }, stop);
      return only(await chosen.apply(plan, { ...stop, ...(onEvent === undefined ? {} : { onEvent }) }));
    },
    tree: (reference) => fetchTree(destination, reference.repository, reference.digest ?? reference.tag ?? "latest"),
    tagged: (reference) => digestAt(destination, reference),
    resetCounts: () => {
      source.resetCounts();
      destination.resetCounts();
    },
  };
}

/** The only item of a report. */
export function only(report: Report): ReportItem {
  const [item, ...more] = report.items;
  if (item === undefined || more.length > 0) throw new Error(`The report has ${report.items.length} items, not one`);
  return item;
}

/** Brings a plan into the form in which it is stored, and back. */
export function stored(plan: Plan): Plan {
  return JSON.parse(JSON.stringify(plan)) as Plan;
}

/** The digest of a tag, asked by plain HTTP without leaving traces in faults or counts that matter. */
async function digestAt(registry: RunningRegistry, reference: Reference): Promise<string | undefined> {
  const { intercept } = registry;
  registry.intercept = undefined;
  try {
    const key = reference.digest ?? reference.tag ?? "latest";
    const url = `${registry.url}/v2/${reference.repository}/manifests/${key}?witness=${randomUUID()}`;
    const answer = await fetch(url, { method: "HEAD", headers: { accept: "*/*" } });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new Error(`The witness got ${answer.status}`);
    return answer.headers.get("docker-content-digest") ?? "";
  } finally {
    registry.intercept = intercept;
  }
}
