import { describe, expect, test } from "vitest";
import { type Configuration, type Library, programming } from "./built.ts";

describe.each<Library>(["cdktf", "cdktn"])("the constructs for %s", async (library) => {
  const { cdktf, imagesync } = await programming(library);

  function synth(write: (stack: InstanceType<typeof cdktf.TerraformStack>) => void): unknown {
    const stack = new cdktf.TerraformStack(cdktf.Testing.app(), "stack");
    expect(new imagesync.ImagesyncProvider(stack, "imagesync")).toBeDefined();
    write(stack);
    return JSON.parse(cdktf.Testing.synth(stack, true));
  }

  test("keep an image below a prefix, or at a destination", () => {
    const configuration = synth((stack) => {
      const prefix = "registry.example.com/mirror/";
      const nginx = new imagesync.MirroredImage(stack, "nginx", { source: "nginx:1.27", prefix });
      const app = new imagesync.MirroredImage(stack, "app", {
        source: "ghcr.io/acme/app:1",
        destination: "registry.example.com/app:stable",
        platforms: ["linux/arm64"],
      });
      for (const [name, value] of Object.entries({ ref: nginx.ref, digest: nginx.digest, tagged: app.taggedRef }))
        expect(new cdktf.TerraformOutput(stack, name, { value })).toBeDefined();
    }) as Configuration;
    expect(configuration).toMatchObject({
      resource: {
        imagesync: {
          nginx: { source: "nginx:1.27", destination: "registry.example.com/mirror/library/nginx:1.27" },
          app: { destination: "registry.example.com/app:stable", platforms: ["linux/arm64"] },
        },
      },
      output: {
        ref: { value: "${imagesync.nginx.id}" },
        digest: { value: '${element(split("@", imagesync.nginx.id), 1)}' },
        tagged: { value: "${imagesync.app.tagged_ref}" },
      },
    });
  });

  test("keep many tags of a repository", () => {
    const configuration = synth((stack) => {
      const prefix = "registry.example.com";
      const redis = new imagesync.MirroredRepository(stack, "redis", { source: "redis", prefix, mode: "semver" });
      for (const [name, value] of Object.entries({ one: redis.ref("7.4"), highest: redis.highestRef }))
        expect(new cdktf.TerraformOutput(stack, name, { value })).toBeDefined();
    });
    expect(configuration).toMatchObject({
      resource: {
        imagesync_repository: {
          redis: { source: "redis", destination: "registry.example.com/library/redis", mode: "semver" },
        },
      },
      output: {
        one: { value: '${imagesync_repository.redis.images["7.4"]}' },
        highest: { value: "${imagesync_repository.redis.images[imagesync_repository.redis.highest]}" },
      },
    });
  });

  test("ask Terraform for a provider of their own version", () => {
    expect(synth(() => undefined)).toMatchObject({
      terraform: {
        required_providers: {
          imagesync: { source: "imagesync/imagesync", version: expect.stringMatching(/^~> \d+\.\d+/) as string },
        },
      },
    });
  });

  test("have the bindings of every type beside them", () => {
    expect(Object.keys(imagesync)).toEqual(
      expect.arrayContaining([
        "DataImagesyncImage",
        "DataImagesyncTags",
        "Imagesync",
        "ImagesyncProvider",
        "Repository",
      ]),
    );
  });

  test.each([
    [
      "both a destination and a prefix",
      { source: "nginx", destination: "a.example.com/nginx:1", prefix: "a.example.com" },
    ],
    ["neither", { source: "nginx" }],
    ["a prefix and a source that is not known yet", { source: "${TfToken[TOKEN.0]}", prefix: "a.example.com" }],
    ["a prefix that is none", { source: "nginx", prefix: "https://a.example.com" }],
    ["a prefix and a source that is no reference", { source: "NGINX", prefix: "a.example.com" }],
  ])("refuse %s", (_, config) => {
    for (const Mirror of [imagesync.MirroredImage, imagesync.MirroredRepository]) {
      expect(() => synth((stack) => new Mirror(stack, "x", config))).toThrow(/destination|prefix|Invalid image/);
    }
  });
});
