import type { Exchange, Handling, Reply } from "../../../../embedded-registry/index.ts";
import type { Contents } from "./contents.ts";
import { refusal } from "./refusal.ts";

/** Where a rule refuses, and what it then says. */
type Say = (exchange: Exchange, by: readonly string[]) => Reply;

/** Refuses every delete of manifests and blobs: of a user who may not delete, or at a registry that has it switched off. */
export function refuseDeletes(reply: Reply): Handling {
  return (exchange, next) => {
    const { kind } = exchange.route;
    return isDelete(exchange) && (kind === "manifest" || kind === "blob") ? Promise.resolve(reply) : next();
  };
}

/** Refuses to delete a manifest by tag, before it is looked whether there is one. */
export function refuseTagDelete(reply: Reply): Handling {
  return (exchange, next) => (deletesTag(exchange) ? Promise.resolve(reply) : next());
}

/** Refuses to delete a manifest by digest. */
export function refuseDigestDelete(reply: Reply): Handling {
  return (exchange, next) => (deletesDigest(exchange) ? Promise.resolve(reply) : next());
}

/** Refuses to delete blobs. */
export function refuseBlobDelete(reply: Reply): Handling {
  return (exchange, next) => (isDelete(exchange) && exchange.route.kind === "blob" ? Promise.resolve(reply) : next());
}

/** Refuses to delete a manifest by digest while tags hold it. */
export function keepTagged(contents: Contents, say: Say): Handling {
  return guard(deletesDigest, (repository, digest) => contents.tagsOn(repository, digest), say);
}

/** Refuses to delete a manifest by digest while no tag holds it. */
export function keepUntagged(contents: Contents, reply: Reply): Handling {
  return async (exchange, next) => {
    const { repository, reference } = exchange.route;
    if (!deletesDigest(exchange)) return next();
    return (await contents.tagsOn(repository, reference)).length === 0 ? reply : next();
  };
}

/** Refuses to delete a manifest by digest while an index names it. */
export function keepChildren(contents: Contents, say: Say): Handling {
  return guard(deletesDigest, (repository, digest) => contents.parents(repository, digest), say);
}

/** Refuses to delete a manifest by digest while others refer to it. */
export function keepSubjects(contents: Contents, say: Say): Handling {
  return guard(deletesDigest, (repository, digest) => contents.referrers(repository, digest), say);
}

/** Refuses to delete a blob that a manifest needs. */
export function keepUsedBlobs(contents: Contents, say: Say): Handling {
  const deletesBlob = (exchange: Exchange): boolean => isDelete(exchange) && exchange.route.kind === "blob";
  return guard(deletesBlob, (repository, digest) => contents.users(repository, digest), say);
}

/** With a manifest, what only it held goes too: children without tags or other parents, and what refers to it. */
export function takeAlong(contents: Contents): Handling {
  async function removeAll(repository: string, digest: string): Promise<void> {
    const { manifests } = await contents.names(digest);
    const referrers = await contents.referrers(repository, digest);
    await contents.remove(repository, digest);
    for (const child of [...manifests, ...referrers]) {
      const gone = (await contents.mediaType(repository, child)) === undefined;
      if (gone || (await contents.tagsOn(repository, child)).length > 0) continue;
      if ((await contents.parents(repository, child)).length === 0) await removeAll(repository, child);
    }
  }
  return async (exchange, next) => {
    const { repository, reference } = exchange.route;
    if (!deletesDigest(exchange) || (await contents.mediaType(repository, reference)) === undefined) return next();
    await removeAll(repository, reference);
    return { status: 202 };
  };
}

/** Answers what is not there in the family's own words. */
export function missingOnDelete(contents: Contents, reply: Reply): Handling {
  return async (exchange, next) => {
    const known = await contents.knows(exchange.route.repository);
    return isDelete(exchange) && exchange.route.kind === "manifest" && !known ? reply : next();
  };
}

/** `405 UNSUPPORTED`, as most registries say that they do not do something. */
export const unsupported: Reply = refusal(405, "UNSUPPORTED", "The operation is unsupported.");

function guard(
  applies: (exchange: Exchange) => boolean,
  holders: (repository: string, reference: string) => Promise<string[]>,
  say: Say,
): Handling {
  return async (exchange, next) => {
    if (!applies(exchange)) return next();
    const by = await holders(exchange.route.repository, exchange.route.reference);
    return by.length > 0 ? say(exchange, by) : next();
  };
}

function isDelete(exchange: Exchange): boolean {
  return exchange.request.method === "DELETE";
}

function deletesTag(exchange: Exchange): boolean {
  return isDelete(exchange) && exchange.route.kind === "manifest" && !exchange.route.reference.includes(":");
}

function deletesDigest(exchange: Exchange): boolean {
  return isDelete(exchange) && exchange.route.kind === "manifest" && exchange.route.reference.includes(":");
}
