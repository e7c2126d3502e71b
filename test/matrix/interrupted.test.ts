import { describe, expect, onTestFinished, test } from "vitest";
import { type Digest, ImagesyncError, parseReference } from "../../engine/index.ts";
import { fetchTree, push, treeOf } from "../support/images/index.ts";
import {
  type ProfileName,
  profileNames,
  profiles,
  type RunningProfile,
  startProfile,
} from "../support/registries/profiles/index.ts";
import { type DeleteCase, deleteCases } from "./delete-cases.ts";
import { engineAt } from "./engine-at.ts";

const repository = "team/app";
/** Serves as the config of throw-away manifests, and stays where no blobs are deleted. */
const emptyBlob = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/** Families that serve a tag of a shared image in another way than one that goes with its image. */
const twoWays: ReadonlySet<ProfileName> = new Set(["distribution-2.8", "ecr", "ghcr"]);

interface Stage {
  readonly profile: RunningProfile;
  readonly before: ReadonlySet<string>;
}

async function stage(name: ProfileName, given: DeleteCase): Promise<Stage> {
  const profile = await startProfile(name);
  const target = { ...(await profile.endpoint(repository)), repository, present: new Set<string>() };
  for (const [tag, image] of given.tags) await push(image, { ...target, tag });
  return { profile, before: new Set(await contentsOf(profile)) };
}

async function contentsOf({ contents }: RunningProfile): Promise<string[]> {
  return [...(await contents.manifests(repository)), ...(await contents.blobs(repository))];
}

/** Removes the tag with an engine of its own; the permission is lost before the request of that number. */
async function remove(
  profile: RunningProfile,
  given: DeleteCase,
  lostAt = Infinity,
): Promise<{ failed: boolean; firstWrite: number; requests: number }> {
  const engine = engineAt(profile, true);
  let requests = 0;
  let firstWrite = Infinity;
  profile.intercept = ({ method }) => {
    if (method !== "GET" && method !== "HEAD") firstWrite = Math.min(firstWrite, requests);
    requests += 1;
    return requests > lostAt ? { respond: { status: 403, body: "" } } : undefined;
  };
  try {
    const reference = parseReference(`${profile.host}/${repository}:app`);
    const expectDigest = given.tags.get("app")?.digest as Digest;
    const { untagged } = await engine.remove(reference, { expectDigest });
    return { failed: !untagged, firstWrite, requests };
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    return { failed: true, firstWrite, requests };
  } finally {
    profile.intercept = undefined;
    await engine.close();
  }
}

async function expectNeighboursWhole(profile: RunningProfile, given: DeleteCase): Promise<void> {
  const endpoint = await profile.endpoint(repository);
  for (const [tag, image] of given.tags) {
    if (tag === "app") continue;
    expect({ tag, ...(await fetchTree(endpoint, repository, tag)) }).toEqual({ tag, ...treeOf(image) });
  }
}

describe.each(profileNames)("a removal at %s whose permission is lost before any of its requests", (name) => {
  const chosen = ["beside another image", ...(twoWays.has(name) ? ["child of an index"] : [])];
  const cases = deleteCases(profiles[name].cells).filter((each) => chosen.includes(each.name));
  test.each(cases)("harms nobody, and ends when it has it again: $name", async (given) => {
    const undisturbed = await stage(name, given);
    onTestFinished(() => undisturbed.profile.close());
    const { firstWrite, requests } = await remove(undisturbed.profile, given);
    expect(firstWrite).toBeLessThan(requests);
    for (let lostAt = firstWrite; lostAt < requests; lostAt += 1) {
      const { profile, before } = await stage(name, given);
      try {
        await remove(profile, given, lostAt);
        await expectNeighboursWhole(profile, given);
        const again = await remove(profile, given);
        await expectNeighboursWhole(profile, given);
        const added = (await contentsOf(profile)).filter((digest) => digest !== emptyBlob && !before.has(digest));
        const tags = [...(await profile.contents.tags(repository)).keys()];
        const left = [...given.tags.keys()].filter((tag) => tag !== "app").toSorted();
        expect({ lostAt, failed: again.failed, tags, added }).toEqual({ lostAt, failed: false, tags: left, added: [] });
      } finally {
        await profile.close();
      }
    }
  });
});
