import type { Policy, Reference, Rule, Selection } from "../../../engine/index.ts";
import { push, type TestManifest } from "../../support/images/index.ts";
import type { Pair } from "../pair.ts";

/** Pushes images under their tags, without the engine. */
export async function pushTags(
  host: string,
  repository: string,
  tags: Readonly<Record<string, TestManifest>>,
): Promise<void> {
  for (const [tag, image] of Object.entries(tags)) {
    await push(image, { host, repository, tag });
  }
}

/** A repository, as a rule with a selection names it. */
export function repositoryAt(host: string, repository: string): Reference {
  return { registry: host, repository, spelled: `${host}/${repository}` };
}

/** A rule from `from/app` at the source to `to/app` at the destination. */
export function setRule(pair: Pair, selection: Selection = {}, policy: Policy = {}): Rule & { selection: Selection } {
  return {
    source: repositoryAt(pair.source.host, "from/app"),
    destination: repositoryAt(pair.destination.host, "to/app"),
    selection,
    policy,
  };
}
