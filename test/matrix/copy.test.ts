import { describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../embedded-registry/index.ts";
import { type Engine, parseReference, type Policy } from "../../engine/index.ts";
import { only } from "../engine/pair.ts";
import { buildImage, buildIndex, fetchTree, push, treeOf } from "../support/images/index.ts";
import {
  profileNames,
  type ProfileName,
  type RunningProfile,
  startProfile,
} from "../support/registries/profiles/index.ts";
import { engineAt } from "./engine-at.ts";

// One layer is longer than what some registries take as a chunk.
const children = ["amd64", "arm64"].map((architecture) =>
  buildImage({
    seed: architecture,
    layers: [{ size: 5 * 1024 * 1024, seed: "base" }, 700],
    platform: { os: "linux", architecture },
  }),
);
const image = buildIndex({ children });

interface Copying {
  readonly profile: RunningProfile;
  /** Copies from the source, or from one place of the registry to another. */
  readonly copy: (to: string, from?: string) => Promise<{ outcome: string; code: string | undefined }>;
  readonly whole: (repository: string, tag: string) => Promise<void>;
}

async function start(name: ProfileName, repositories?: readonly string[]): Promise<Copying> {
  const source = await startRegistry();
  onTestFinished(() => source.close());
  await push(image, { host: source.host, repository: "from/app", tag: "1" });
  const profile = await startProfile(name, repositories === undefined ? {} : { repositories });
  onTestFinished(() => profile.close());
  const engine: Engine = engineAt(profile, true, [source.host]);
  onTestFinished(() => engine.close());
  const policy: Policy = {};
  return {
    profile,
    copy: async (to, from) => {
      const text = from === undefined ? `${source.host}/from/app:1` : `${profile.host}/${from}`;
      const plan = await engine.plan({
        source: parseReference(text),
        destination: parseReference(`${profile.host}/${to}`),
        policy,
      });
      const item = only(await engine.apply(plan));
      return { outcome: item.outcome, code: item.error?.code };
    },
    whole: async (repository, tag) => {
      expect(await fetchTree(await profile.endpoint(repository), repository, tag)).toEqual(treeOf(image));
    },
  };
}

const done = { outcome: "done", code: undefined };

/** Everything but reads that a copy has sent. */
function writes(profile: RunningProfile): Record<string, number> {
  return Object.fromEntries(Object.entries(profile.counts()).filter(([kind]) => !/^(GET|HEAD) /.test(kind)));
}

describe.each(profileNames)("a copy to %s", (name) => {
  test("arrives whole, is not sent again, and costs one request under another tag", async () => {
    const { profile, copy, whole } = await start(name);
    expect(await copy("team/app:1")).toEqual(done);
    await whole("team/app", "1");
    profile.resetCounts();
    await copy("team/app:1");
    expect(writes(profile)).toEqual({});
    expect(await copy("team/app:2")).toEqual(done);
    expect(writes(profile)).toEqual({ "PUT manifest": 1 });
    await whole("team/app", "2");
  });

  test("goes on to another repository of the same registry, whether it mounts there or not", async () => {
    const { profile, copy, whole } = await start(name);
    expect(await copy("team/app:1")).toEqual(done);
    profile.resetCounts();
    expect(await copy("team/other:1", "team/app:1")).toEqual(done);
    await whole("team/other", "1");
    const mounts = profile.requests().filter(({ path, status }) => path.includes("mount=") && status === 201);
    const never = profile.cells.mount.is.includes("never");
    expect(mounts).toHaveLength(never ? 0 : 5);
    expect(writes(profile)["PUT upload"] ?? 0).toBe(never ? 5 : 0);
  });
});

test.each(["gar", "harbor"] as const)(
  "a copy to %s into a place that nobody has made fails, and says so",
  async (name) => {
    const { profile, copy } = await start(name, ["other/place/app"]);
    const { outcome, code } = await copy("team/mirror/app:1");
    expect({ outcome, code }).toEqual({ outcome: "failed", code: "not-found" });
    expect(await profile.contents.knows("team/mirror/app")).toBe(false);
  },
);

test("a copy to ecr makes the repository by the vendor's API, once", async () => {
  const { profile, copy, whole } = await start("ecr", []);
  expect(await copy("team/app:1")).toEqual(done);
  await whole("team/app", "1");
  expect(await copy("team/app:2")).toEqual(done);
  expect(writes(profile)).toMatchObject({ "POST vendor": 1 });
});
