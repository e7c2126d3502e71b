import { expect } from "vitest";
import { buildPlatformIndex, fetchTree, push, type TestManifest, treeOf } from "../support/images/index.ts";
import { attachmentTag } from "../support/images/companions.ts";
import { buildSignedImage } from "../support/images/signed-image.ts";
import { basicAuthorization } from "../support/registries/index.ts";
import { openDesk } from "./desk.ts";
import type { Handler } from "./handler.ts";

const sections = {
  "The outer side": 4,
  "The inner side": 3,
  "The next time": 3,
  "One file": 2,
  Signatures: 1,
  "Terraform on the inner side": 3,
  "Names of the outer side": 2,
} as const;

const login = { user: "robot", password: "correct horse battery staple" };

/** The guide across an air gap. While one side is at work, the registry of the other is not asked for anything. */
export const airGapHandler: Handler = {
  proves: "images, later ones and signatures get across an air gap as the guide says, and Terraform uses them there",
  blocks: Object.entries(sections).flatMap(([heading, count]) =>
    Array.from({ length: count }, (_, at) => `docs/guides/air-gap.md > ${heading} > ${at + 1}`),
  ),
  needs: ["terraform"],
  async run(blocks) {
    const authorization = basicAuthorization(login);
    const desk = await openDesk({
      "docker.io": {},
      "registry.example.com": { auth: { kind: "basic", users: { [login.user]: login.password } } },
    });
    const [upstream, mirror] = ["docker.io", "registry.example.com"].map((name) => desk.world.registry(name));
    if (upstream === undefined || mirror === undefined) throw new Error("There are two registries");
    const auth = authorization.replace("Basic ", "");
    desk.environment["DOCKER_AUTH_CONFIG"] = JSON.stringify({ auths: { "registry.example.com": { auth } } });

    const signed = buildSignedImage(3000);
    const nginx = { host: upstream.host, repository: "library/nginx" };
    await push(signed.image, { ...nginx, tag: "1.29" });
    for (const [, referrer] of signed.referrers) await push(referrer, nginx);
    await push(signed.cosign, { ...nginx, tag: attachmentTag(signed.image, "sig") });
    const release = async (tag: string): Promise<TestManifest> => {
      const image = buildPlatformIndex({ seed: `redis ${tag}`, layers: [200], shared: 2000 });
      await push(image, { host: upstream.host, repository: "library/redis", tag });
      return image;
    };
    for (const tag of ["6.2.6", "7.4.1"]) await release(tag);
    const redis = await release("8.0.0");

    const left = [...blocks];
    const follow = async (count: number): Promise<void> => {
      for (const block of left.splice(0, count)) await desk.follow(block);
    };
    const onTheInnerSide = async (count: number): Promise<void> => {
      upstream.resetCounts();
      await follow(count);
      expect(upstream.requests).toEqual([]);
    };
    const carried = { host: mirror.host, headers: { authorization } };

    await follow(4);
    expect(mirror.requests).toEqual([]);
    await onTheInnerSide(3);
    expect(await fetchTree(carried, "mirror/library/nginx", "1.29")).toEqual(treeOf(signed.image));
    expect(await fetchTree(carried, "mirror/library/redis", "8.0.0")).toEqual(treeOf(redis));

    // Later: one new version, of which the stick and the mirror have the base.
    const later = await release("8.0.1");
    mirror.resetCounts();
    await follow(3);
    expect(await fetchTree(carried, "mirror/library/redis", "8.0.1")).toEqual(treeOf(later));
    const puts = mirror.requests.filter(({ method, path }) => method === "PUT" && path.includes("/manifests/"));
    expect(puts.filter(({ path }) => !path.includes("redis"))).toEqual([]);

    await follow(1);
    await onTheInnerSide(1);
    expect(await fetchTree(carried, "archive/redis", "8.0.0")).toEqual(treeOf(redis));

    await onTheInnerSide(1);
    for (const [, { digest }] of signed.referrers) {
      expect(await fetchTree(carried, "mirror/library/nginx", digest)).toMatchObject({ digest });
    }
    expect((await fetchTree(carried, "mirror/library/nginx", attachmentTag(signed.image, "sig"))).digest).toBe(
      signed.cosign.digest,
    );

    // The archive of a release is not at hand here: what lies beside the program is installed in its place.
    await desk.run("imagesync provider install");
    await onTheInnerSide(3);
    expect(await fetchTree(carried, "web/nginx", "1.29")).toEqual(treeOf(signed.image));

    // The registry has to be out of reach here: as long as it answers, it is asked what belongs to an image.
    await upstream.close();
    await follow(2);
    expect(await fetchTree(carried, "web/nginx", "by-name")).toEqual(treeOf(signed.image));
    for (const digest of [signed.cosign.digest, ...signed.referrers.map(([, referrer]) => referrer.digest)]) {
      expect(await fetchTree(carried, "web/nginx", digest)).toMatchObject({ digest });
    }
    expect(left).toEqual([]);
  },
};
