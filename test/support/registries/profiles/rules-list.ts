import { jsonReply, type Handling, type Reply } from "../../../../embedded-registry/index.ts";
import type { Contents } from "./contents.ts";

/** All tags in one page whatever is asked for, `null` when there are none. */
export function allTagsOrNull(contents: Contents): Handling {
  return async (exchange, next) => {
    const { kind, repository } = exchange.route;
    if (kind !== "tags" || !(await contents.knows(repository))) return next();
    const tags = [...(await contents.tags(repository)).keys()];
    return jsonReply({ name: repository, tags: tags.length === 0 ? null : tags });
  };
}

/** Refuses pages that are longer than allowed instead of cutting them. */
export function longestPage(n: number, reply: Reply): Handling {
  return (exchange, next) => {
    const tooLong = exchange.route.kind === "tags" && Number(exchange.query.get("n") ?? 0) > n;
    return tooLong ? Promise.resolve(reply) : next();
  };
}

/** Answers the referrers of anything. */
export function referrersAnswer(reply: (repository: string, digest: string) => Promise<Reply | undefined>): Handling {
  return async (exchange, next) => {
    const { kind, repository, reference } = exchange.route;
    return (kind === "referrers" ? await reply(repository, reference) : undefined) ?? next();
  };
}
