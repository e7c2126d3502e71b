import { expect } from "vitest";
import {
  type Digest,
  type Engine,
  ImagesyncError,
  isRetentionTag,
  parseReference,
  type RemovalReport,
} from "../../engine/index.ts";
import { fetchTree, push, type TestManifest, treeOf } from "../support/images/index.ts";
import type { Cells, Evidence, ProfileRequest } from "../support/registries/profiles/index.ts";
import type { DeleteCase } from "./delete-cases.ts";
import { engineAt } from "./engine-at.ts";
import type { Stage, StartStage } from "./stage.ts";

/** What one removal came to. */
export interface DeleteCell {
  readonly outcome: DeleteCase["comesTo"];
  /** In a few words: what went, of how much. */
  readonly happened: string;
  /** False when it rests on what is known of the registry from memory only. */
  readonly verified: boolean;
  /** What was sent besides reads, by kind and answer. */
  readonly sent: string;
  /** How many reads were sent; it differs with what is learnt while others are under way. */
  readonly reads: number;
}

/** What a repository has at one time. */
interface Inventory {
  readonly tags: ReadonlyMap<string, string>;
  readonly manifests: readonly string[];
  readonly blobs: readonly string[];
}

/** The empty object, which serves as the config of throw-away manifests; registries that delete no blobs keep it. */
const emptyBlob = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/** Families that take more than they were asked for along with a tag or a manifest. */
const takesAlong: ReadonlySet<string> = new Set(["ecr", "ghcr", "harbor", "quay"]);

/**
 * Removes the tag `app` at a registry of the family, and asserts what holds at every registry. `told`: whether the
 * engine is told the family; a registry under a company's own name does not show it.
 */
export async function deleteCell(
  start: StartStage,
  given: DeleteCase,
  { told = true }: { readonly told?: boolean } = {},
): Promise<DeleteCell> {
  const profile = await start(given.deletes ?? true);
  const engine = engineAt(profile, told);
  try {
    const repository = profile.name === "docker-hub" ? "team/app" : "team/mirror/app";
    await seed(profile, repository, given, engine);
    const before = await inventory(profile, repository);
    profile.resetCounts();
    const believed = (given.believed ?? given.tags.get("app"))?.digest as Digest;
    const removal = await engine
      .remove(parseReference(`${profile.host}/${repository}:app`), {
        expectDigest: believed,
        previous: given.earlier === undefined ? [] : [given.earlier.digest as Digest],
      })
      .catch((error: unknown) => error as ImagesyncError);
    const requests = profile.requests().filter(({ status }) => status !== 401);
    const after = await inventory(profile, repository);
    await expectNeighboursWhole(profile, repository, given, removal);
    expectNothingNew(before, after);
    expectOnlyOwnAsked(requests, before, given);
    if (removal instanceof Error) expectRefused(removal, given, before, after, requests);
    else expectTrueReport(profile.name, removal, given, before, after, requests);
    return {
      outcome: outcomeOf(removal, given),
      happened: removal instanceof Error ? `refused ${removal.code}` : summary(removal, given, before, after),
      verified: restsOn(profile.cells, requests).every((known) => known !== "memory"),
      sent: sentOf(requests.filter((request) => !isRead(request))),
      reads: requests.filter(isRead).length,
    };
  } finally {
    await engine.close();
    await profile.close();
  }
}

async function seed(profile: Stage, repository: string, given: DeleteCase, engine: Engine): Promise<void> {
  const target = { ...(await profile.endpoint(repository)), repository, present: new Set<string>() };
  if (given.earlier !== undefined) {
    await push(given.earlier, { ...target, tag: "app" });
    const reference = parseReference(`${profile.host}/${repository}:app`);
    expect(await engine.retain(reference, given.earlier.digest as Digest)).toBe(true);
  }
  for (const [tag, image] of given.tags) await push(image, { ...target, tag });
  for (const image of given.untagged ?? []) await push(image, target);
}

async function inventory({ contents }: Stage, repository: string): Promise<Inventory> {
  return {
    tags: await contents.tags(repository),
    manifests: await contents.manifests(repository),
    blobs: await contents.blobs(repository),
  };
}

/** Every other tag holds what it held, and all of it can be pulled; so can `app` where it was not to go. */
async function expectNeighboursWhole(
  profile: Stage,
  repository: string,
  given: DeleteCase,
  removal: RemovalReport | ImagesyncError,
): Promise<void> {
  const stays = removal instanceof Error || !removal.untagged;
  const endpoint = await profile.endpoint(repository);
  for (const [tag, image] of given.tags) {
    if (tag === "app" && !stays) continue;
    expect({ tag, ...(await fetchTree(endpoint, repository, tag)) }).toEqual({ tag, ...treeOf(image) });
  }
  for (const image of given.untagged ?? []) {
    // Some registries take signatures away with what they sign; that is no removal of ours.
    if (image.bytes.includes('"subject"') && takesAlong.has(profile.name)) continue;
    expect(await fetchTree(endpoint, repository, image.digest)).toEqual(treeOf(image));
  }
}

/** No throw-away manifest or tag is left. */
function expectNothingNew(before: Inventory, after: Inventory): void {
  expect([...after.tags.keys()].filter((tag) => !before.tags.has(tag))).toEqual([]);
  expect(after.manifests.filter((digest) => !before.manifests.includes(digest))).toEqual([]);
  expect(after.blobs.filter((digest) => digest !== emptyBlob && !before.blobs.includes(digest))).toEqual([]);
}

/** Not even by a request that the registry refused was anything touched that is somebody else's. */
function expectOnlyOwnAsked(requests: readonly ProfileRequest[], before: Inventory, given: DeleteCase): void {
  const own = ownOf(given);
  for (const { method, path, kind } of requests) {
    if (method !== "DELETE" || kind === "vendor" || kind === "upload") continue;
    const reference = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1).split("?")[0] ?? "");
    const there = before.manifests.includes(reference) || before.blobs.includes(reference);
    const harmless =
      reference === "app" || isRetentionTag(reference) || (reference.includes(":") && !there) || own.has(reference);
    expect({ method, path, harmless }).toEqual({ method, path, harmless: true });
  }
}

function expectRefused(
  error: ImagesyncError,
  given: DeleteCase,
  before: Inventory,
  after: Inventory,
  requests: readonly ProfileRequest[],
): void {
  expect(error).toBeInstanceOf(ImagesyncError);
  const { code, message } = error;
  const known = ["unsupported", "denied", "unauthorized", "immutable"].includes(code);
  expect({ code, message, known }).toEqual({ code, message, known: true });
  expect({ ...after, blobs: after.blobs.filter((digest) => digest !== emptyBlob) }).toEqual(before);
  if (given.comesTo === "refused") expect(requests.filter(writesManifest)).toEqual([]);
}

function expectTrueReport(
  name: string,
  report: RemovalReport,
  given: DeleteCase,
  before: Inventory,
  after: Inventory,
  requests: readonly ProfileRequest[],
): void {
  expect({ untagged: report.untagged, there: after.tags.has("app") }).toEqual(
    given.comesTo === "kept" ? { untagged: false, there: true } : { untagged: true, there: false },
  );
  expect([...after.tags.keys()].filter(isRetentionTag)).toEqual([]);
  const missing = (kind: "manifests" | "blobs"): string[] =>
    before[kind].filter((digest) => !after[kind].includes(digest));
  const unreported = missing("manifests").filter((digest) => !report.manifests.includes(digest as Digest));
  if (!takesAlong.has(name)) expect(unreported).toEqual([]);
  expect(report.manifests.filter((digest) => after.manifests.includes(digest))).toEqual([]);
  expect([...report.blobs].toSorted()).toEqual(missing("blobs"));
  if (given.comesTo === "removed") expectLeftoversTold(report, given, after);
  if (given.comesTo === "removed") return;
  expect(after).toEqual(before);
  expect(requests.filter((request) => !isRead(request))).toEqual([]);
}

/** A manifest that is left although nobody needs it is in the report; blobs are the affair of registries' collectors. */
function expectLeftoversTold({ unsupported, skipped }: RemovalReport, given: DeleteCase, after: Inventory): void {
  const own = ownOf(given);
  const left = after.manifests.filter((digest) => own.has(digest)).length;
  const told = left === 0 || unsupported.manifests + skipped.length > 0;
  expect({ left, told }).toEqual({ left, told: true });
}

/** Manifests and blobs below `app` that nothing else in the repository needs. */
function ownOf(given: DeleteCase): ReadonlySet<string> {
  const app = given.tags.get("app");
  if (app === undefined || given.believed !== undefined) return new Set();
  const others = [...given.tags].filter(([tag]) => tag !== "app").map(([, image]) => image);
  const needed = new Set([...others, ...(given.untagged ?? [])].flatMap(contentOf));
  const own = [app, ...(given.earlier === undefined ? [] : [given.earlier])].flatMap(contentOf);
  return new Set(own.filter((digest) => !needed.has(digest)));
}

function contentOf(image: TestManifest): string[] {
  const { manifests, blobs } = treeOf(image);
  return [...Object.keys(manifests), ...Object.keys(blobs)];
}

function outcomeOf(removal: RemovalReport | ImagesyncError, given: DeleteCase): DeleteCell["outcome"] {
  if (removal instanceof Error) return "refused";
  if (!removal.untagged) return "kept";
  return given.comesTo === "nothing" ? "nothing" : "removed";
}

/** What went, and of how much of it that was the image's own. */
function summary(report: RemovalReport, given: DeleteCase, before: Inventory, after: Inventory): string {
  if (!report.untagged) return "kept";
  if (given.comesTo === "nothing") return "nothing";
  const own = ownOf(given);
  const part = (kind: "manifests" | "blobs"): string => {
    const all = before[kind].filter((digest) => own.has(digest));
    return `${all.filter((digest) => !after[kind].includes(digest)).length}/${all.length}`;
  };
  const also = before.manifests.filter((digest) => !own.has(digest) && !after.manifests.includes(digest)).length;
  return [
    `tag m${part("manifests")} b${part("blobs")}`,
    ...(also > 0 ? [`+${also} by the registry`] : []),
    ...(report.skipped.length > 0 ? [`skipped ${report.skipped.length}`] : []),
  ].join(" ");
}

/** Which of the family's ways the removal has met. */
function restsOn(cells: Cells, requests: readonly ProfileRequest[]): Evidence[] {
  return requests.flatMap(({ method, kind, path }) => {
    if (kind === "vendor") return [cells.api.known];
    if (kind === "referrers") return [cells.referrers.known];
    if (method !== "DELETE") return [];
    if (kind === "blob") return [cells.blobDelete.known];
    if (kind !== "manifest") return [];
    return [path.includes("sha256:") ? cells.digestDelete.known : cells.tagDelete.known];
  });
}

function isRead({ method }: ProfileRequest): boolean {
  return method === "GET" || method === "HEAD";
}

function writesManifest({ method, kind }: ProfileRequest): boolean {
  return kind === "manifest" && method === "PUT";
}

function sentOf(requests: readonly ProfileRequest[]): string {
  const counts = new Map<string, number>();
  for (const { method, kind, path, status } of requests) {
    const by = kind === "manifest" && method === "DELETE" ? (path.includes("sha256:") ? " by digest" : " by tag") : "";
    const key = `${method} ${kind}${by} ${status}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, count]) => `${count} × ${key}`)
    .join(", ");
}
