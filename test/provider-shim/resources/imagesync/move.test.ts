import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ImagesyncError } from "../../../../engine/index.ts";
import { moveImagesync } from "../../../../provider-shim/resources/imagesync/move.ts";

const digest = `sha256:${"a".repeat(64)}`;

function move(type: string, state: unknown): ReturnType<typeof moveImagesync> {
  return moveImagesync({ provider: "registry.terraform.io/any/one", type, version: 0, state });
}

describe("the state of another provider", () => {
  test("is taken over: both ends, and what the tag was given", () => {
    const state = {
      source_image: "docker://docker.io/library/nginx:1.27",
      destination_image: "docker://r.example:5000/mirror/nginx:1.27",
      docker_digest: digest,
      source_digest: `sha256:${"b".repeat(64)}`,
      keep_image: false,
    };
    expect(move("skopeo2_copy", state)).toMatchObject({
      source: "docker.io/library/nginx:1.27",
      destination: "r.example:5000/mirror/nginx:1.27",
      id: `r.example:5000/mirror/nginx@${digest}`,
      tagged_ref: `r.example:5000/mirror/nginx:1.27@${digest}`,
      source_digest: digest,
      destination_digest: digest,
      deletion_policy: null,
      keep_previous: 1,
      timeouts: null,
    });
  });

  test.each(["image.tar", "path/to/image-1.2.3.tar", "image.tar.gz", "image.tgz", "./image", "/srv/image", "~/image"])(
    "has no source when that is the file %s",
    (source) => {
      expect(move("crane_image", { source, destination: "r.example/app:1", digest })).toMatchObject({ source: null });
    },
  );

  test.each([
    "oci:layout",
    "docker-archive:/tmp/a.tar",
    "docker://",
    "docker://UPPER/Case",
    "",
    null,
    7,
    ["docker://a"],
  ])("has no source when that is %j", (source_image) => {
    const state = { source_image, destination_image: "docker://r.example/app:1", docker_digest: digest };
    expect(move("skopeo2_copy", state)).toMatchObject({ source: null, destination: "r.example/app:1" });
  });

  test.each([null, "", "sha256:short", 7, { digest }])(
    "leaves to the refresh what the tag holds when its digest is %j",
    (sha256_digest) => {
      expect(move("docker_registry_image", { name: "r.example/app:1", sha256_digest })).toMatchObject({
        id: null,
        source_digest: null,
        destination_digest: null,
        complete: null,
      });
    },
  );

  test.each([[{ a: 1 }], [["a"]], ["a"], [{}], [null]])("has no triggers when they are %j", (triggers) => {
    expect(move("docker_registry_image", { name: "r.example/app:1", triggers })).toMatchObject({ triggers: null });
  });

  test.each(["toString", "__proto__", "docker_image", ""])("of the type %j is refused", (type) => {
    expect(() => move(type, { destination: "r.example/app:1" })).toThrow(/cannot become an "imagesync"/);
  });

  test("whatever it holds, is taken over or refused with words that help", () => {
    const types = fc.constantFrom("skopeo2_copy", "docker_registry_image", "crane_image");
    const text = fc.oneof(
      fc.string(),
      fc.constant("docker://r.example/app:1"),
      fc.constant("r.example/app"),
      fc.anything(),
    );
    const names = [
      "destination",
      "destination_image",
      "source",
      "name",
      "sha256_digest",
      "digest",
      "triggers",
    ] as const;
    const states = fc.oneof(fc.anything(), fc.record(Object.fromEntries(names.map((name) => [name, text]))));
    fc.assert(
      fc.property(types, states, (type, state) => {
        const outcome = attempt(() => move(type, state)["destination"]);
        if (typeof outcome === "string") return;
        if (!(outcome instanceof ImagesyncError)) throw outcome;
        expect([outcome.code, outcome.hint]).toEqual(["config", expect.stringContaining("import it")]);
      }),
    );
  });
});

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
