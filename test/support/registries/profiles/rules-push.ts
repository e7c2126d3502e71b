import type { Exchange, Handling, Reply } from "../../../../embedded-registry/index.ts";
import type { Contents } from "./contents.ts";
import type { ProfileOptions } from "./profile.ts";
import { refusal } from "./refusal.ts";

/** Never mounts: the answer is an ordinary session. */
export const neverMount: Handling = (exchange, next) => {
  exchange.query.delete("mount");
  return next();
};

/** Mounts only what a manifest of the other repository names: a blob that was just uploaded there does not count. */
export function mountOnlyUsed(contents: Contents): Handling {
  return async (exchange, next) => {
    const [mount, from] = [exchange.query.get("mount"), exchange.query.get("from")];
    if (mount !== null && from !== null && (await contents.users(from, mount)).length === 0) {
      exchange.query.delete("mount");
    }
    return next();
  };
}

/** Takes no blob together with the POST: its bytes are dropped, a session is opened. */
export const noSinglePost: Handling = (exchange, next) => {
  if (exchange.route.kind === "upload" && exchange.request.method === "POST") exchange.query.delete("digest");
  return next();
};

/** Refuses chunks (a PATCH that says its range) that are longer; a PATCH without a range may be of any length. */
export function longestChunk(bytes: number): Handling {
  return (exchange, next) => {
    const chunk = isPatch(exchange) && exchange.request.headers["content-range"] !== undefined;
    const tooLong = chunk && Number(exchange.request.headers["content-length"] ?? 0) > bytes;
    return tooLong ? Promise.resolve(refusal(416, "SIZE_INVALID", "The chunk is too large")) : next();
  };
}

/** Refuses all chunks but the first of a session. */
export function oneChunk(reply: Reply): Handling {
  return (exchange, next) => {
    const range = exchange.request.headers["content-range"] ?? "0-";
    return isPatch(exchange) && !range.startsWith("0-") ? Promise.resolve(reply) : next();
  };
}

/** Looks at no range of a chunk and adds its bytes wherever the session stands. */
export const appendBlindly: Handling = (exchange, next) => {
  if (exchange.route.kind === "upload") delete exchange.request.headers["content-range"];
  return next();
};

/** Answers a PATCH with another status. */
export function patchStatus(status: number): Handling {
  return async (exchange, next) => {
    const reply = await next();
    return isPatch(exchange) && reply.status === 202 ? { ...reply, status } : reply;
  };
}

/**
 * Nothing is found and nothing goes where nobody has made a place before; a place is so many first parts of a
 * repository's name.
 */
export function existingOnly(
  exists: (place: string) => boolean,
  parts: number,
  say: (place: string) => Reply,
): Handling {
  return (exchange, next) => {
    const place = exchange.route.repository.split("/").slice(0, parts).join("/");
    return place !== "" && !exists(place) ? Promise.resolve(say(place)) : next();
  };
}

/** Whether one of the repositories that were made is at the place or below it. */
export function isMade(options: ProfileOptions, place: string): boolean {
  return options.repositories?.some((name) => `${name}/`.startsWith(`${place}/`)) ?? true;
}

function isPatch(exchange: Exchange): boolean {
  return exchange.route.kind === "upload" && exchange.request.method === "PATCH";
}
