import type { TerraformStack } from "cdktf";
import * as fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { MirrorImagesOptions } from "../../cdktf/index.ts";
import { annotations, type Configuration, programming } from "./built.ts";

const { cdktf, imagesync, kubernetes } = await programming("cdktf");
const Deployment = kubernetes("deployment-v1", "DeploymentV1");
const Manifest = kubernetes("manifest", "Manifest");

const prefix = "registry.example.com/mirror";
const digest = `sha256:${"ab".repeat(32)}`;

function openStack(): TerraformStack {
  return new cdktf.TerraformStack(cdktf.Testing.app(), "stack");
}

function mirror(stack: TerraformStack, options: MirrorImagesOptions = { prefix }): void {
  cdktf.Aspects.of(stack).add(new imagesync.MirrorImages(options));
}

function synth(stack: TerraformStack): Configuration {
  return JSON.parse(cdktf.Testing.synth(stack)) as Configuration;
}

let deployments = 0;
/** A Deployment whose containers are these, or one container of this image. */
function deploy(stack: TerraformStack, image: unknown, container: unknown = [{ name: "web", image }]): string {
  const id = `deployment-${++deployments}`;
  const labels = { app: "x" };
  const template = { metadata: { labels }, spec: { container } };
  const spec = { selector: { matchLabels: labels }, template };
  expect(new Deployment(stack, id, { metadata: { name: "x" }, spec })).toBeDefined();
  return id;
}

function imageOf(configuration: Configuration, id: string): unknown {
  const deployment = configuration.resource["kubernetes_deployment_v1"]?.[id] as {
    spec: { template: { spec: { container: { image: unknown }[] } } };
  };
  return deployment.spec.template.spec.container[0]?.image;
}

/** Source to destination of each mirror. */
function mirrors(configuration: Configuration): Readonly<Record<string, unknown>> {
  const found = Object.values(configuration.resource["imagesync"] ?? {});
  return Object.fromEntries(found.map(({ source, destination }) => [source, destination]));
}

/** What a stack with one Deployment of this image mirrors. */
function mirrorsOf(image: string, options?: MirrorImagesOptions): Readonly<Record<string, unknown>> {
  const stack = openStack();
  deploy(stack, image);
  mirror(stack, options);
  return mirrors(synth(stack));
}

function problems(stack: TerraformStack): readonly string[] {
  return annotations(stack).map(({ level, message }) => `${level}: ${message}`);
}

describe("the mirrors of a stack", () => {
  test("are one for each distinct image, however it is spelled", () => {
    const stack = openStack();
    const spellings = ["nginx", "nginx:latest", "docker.io/nginx", "index.docker.io/library/nginx:latest"];
    const ids = spellings.map((image) => deploy(stack, image));
    mirror(stack);
    const configuration = synth(stack);
    expect(mirrors(configuration)).toEqual({
      "docker.io/library/nginx:latest": "registry.example.com/mirror/library/nginx:latest",
    });
    expect(new Set(ids.map((id) => imageOf(configuration, id))).size).toBe(1);
  });

  test("have names that do not depend on other images", () => {
    const names = [["nginx:1.27"], ["busybox", "nginx:1.27"]].map((images) => {
      const stack = openStack();
      for (const image of images) deploy(stack, image);
      mirror(stack);
      return Object.keys(synth(stack).resource["imagesync"] ?? {}).find((name) => name.includes("nginx"));
    });
    expect(names[0]).toMatch(/^mirror-nginx-1-27-[0-9a-f]{8}$/);
    expect(names[1]).toBe(names[0]);
  });

  test("are the same when the stack is synthesised again, or has the aspect twice", () => {
    const stack = openStack();
    deploy(stack, "nginx:1.27");
    deploy(stack, "${var.image}");
    mirror(stack);
    mirror(stack);
    const first = synth(stack);
    const reported = problems(stack);
    expect(synth(stack)).toEqual(first);
    expect(problems(stack)).toEqual(reported);
    expect(reported).toHaveLength(1);
  });

  test("take the place of no mirror that is written down for the same image", () => {
    const stack = openStack();
    const written = new imagesync.MirroredImage(stack, "mine", { source: "nginx:1.27", prefix, keepPrevious: 3 });
    const id = deploy(stack, "docker.io/library/nginx:1.27");
    mirror(stack);
    const configuration = synth(stack);
    expect(Object.keys(configuration.resource["imagesync"] ?? {})).toEqual([written.friendlyUniqueId]);
    expect(imageOf(configuration, id)).toBe("${imagesync.mine.id}");
  });

  test.each([
    ["a tag", "ghcr.io/acme/app:1", "ghcr.io/acme/app:1", `${prefix}/acme/app:1`],
    ["a digest", `nginx@${digest}`, `docker.io/library/nginx@${digest}`, `${prefix}/library/nginx:digest-abababababab`],
    ["both", `nginx:1@${digest}`, `docker.io/library/nginx:1@${digest}`, `${prefix}/library/nginx:1`],
    ["a port", "localhost:5000/app:1", "localhost:5000/app:1", `${prefix}/app:1`],
  ])("copy what has %s", (_, image, source, destination) => {
    expect(mirrorsOf(image)).toEqual({ [source]: destination });
  });

  test("have the settings that they are given", () => {
    const stack = openStack();
    const provider = new imagesync.ImagesyncProvider(stack, "other", { alias: "other" });
    deploy(stack, "nginx");
    mirror(stack, { prefix, provider, platforms: ["linux/amd64"], settings: { deletionPolicy: "retain" } });
    const configuration = synth(stack);
    expect(Object.values(configuration.resource["imagesync"] ?? {})).toEqual([
      expect.objectContaining({
        platforms: ["linux/amd64"],
        deletion_policy: "retain",
        provider: "imagesync.other",
      }),
    ]);
    expect(configuration.provider).toEqual({ imagesync: [{ alias: "other" }] });
  });

  test("bring a provider along where there is none, and use the one that is there", () => {
    const bare = openStack();
    deploy(bare, "nginx");
    mirror(bare);
    const stack = openStack();
    expect(new imagesync.ImagesyncProvider(stack, "mine", { deletionPolicy: "retain" })).toBeDefined();
    deploy(stack, "nginx");
    mirror(stack);
    expect(synth(bare).provider).toEqual({ imagesync: [{}] });
    expect(synth(stack).provider).toEqual({ imagesync: [{ deletion_policy: "retain" }] });
  });

  test("are none where nothing runs, whatever is called an image there", () => {
    const stack = openStack();
    const ConfigMap = kubernetes("config-map-v1", "ConfigMapV1");
    expect(new ConfigMap(stack, "x", { metadata: { name: "x" }, data: { image: "nginx" } })).toBeDefined();
    mirror(stack);
    expect(mirrors(synth(stack))).toEqual({});
  });
});

describe("an image is left what it is", () => {
  test.each([
    ["it is at the target registry already", "registry.example.com/app:1", { prefix }],
    ["it is at the target registry already, by another spelling", "REGISTRY.example.com/mirror/app:1", { prefix }],
    ["it is not included", "nginx", { prefix, include: ["ghcr.io/**"] }],
    ["it is excluded by its repository", "nginx:1.27", { prefix, exclude: ["docker.io/library/*"] }],
    ["it is excluded by its tag", "nginx:1.27", { prefix, exclude: ["docker.io/library/nginx:1.*"] }],
    ["the function says nothing", "nginx:1.27", { rewrite: () => undefined }],
    ["the function says the same", "nginx:1.27", { rewrite: (image: string) => image }],
  ])("when %s", (_, image, options) => {
    const stack = openStack();
    const id = deploy(stack, image);
    mirror(stack, options);
    const configuration = synth(stack);
    expect(imageOf(configuration, id)).toBe(image);
    expect(mirrors(configuration)).toEqual({});
    expect(problems(stack)).toEqual([]);
  });

  test("when it is what a mirror says, of this stack or of another", () => {
    const app = cdktf.Testing.app();
    const images = new cdktf.TerraformStack(app, "images");
    const stack = new cdktf.TerraformStack(app, "stack");
    const elsewhere = new imagesync.MirroredImage(images, "x", { source: "nginx:1", prefix });
    const here = new imagesync.MirroredImage(stack, "x", { source: "busybox:1", prefix });
    const many = new imagesync.MirroredRepository(stack, "many", { source: "redis", prefix });
    for (const image of [
      elsewhere.ref,
      here.ref,
      here.taggedRef,
      many.ref("7"),
      many.highestRef,
      "${imagesync.x.id}",
      "${imagesync.x[0].id}",
    ])
      deploy(stack, image);
    mirror(stack);
    // As an App does it: references to other stacks are resolved before aspects are applied.
    images.prepareStack();
    stack.prepareStack();
    const configuration = synth(stack);
    expect(problems(stack)).toEqual([]);
    expect(mirrors(configuration)).toEqual({ "busybox:1": `${prefix}/library/busybox:1` });
  });
});

describe("a function says where an image shall be", () => {
  const rewrite = (image: string): string => `registry.example.com/${image.split("/", 1)[0]?.replace(/[.:]/g, "-")}/x`;

  test("and gets the canonical spelling; without a tag its place has the image's", () => {
    const asked: string[] = [];
    const spy = (image: string): string => {
      asked.push(image);
      return rewrite(image);
    };
    expect(mirrorsOf("nginx", { rewrite: spy })).toEqual({
      "docker.io/library/nginx:latest": "registry.example.com/docker-io/x:latest",
    });
    expect(asked).toEqual(["docker.io/library/nginx:latest"]);
  });

  test("and what is no reference is reported", () => {
    const stack = openStack();
    deploy(stack, "nginx");
    mirror(stack, { rewrite: () => "https://registry.example.com/x" });
    expect(mirrors(synth(stack))).toEqual({});
    expect(problems(stack)).toEqual([expect.stringContaining('warn: MirrorImages leaves "nginx" as it is')]);
  });
});

describe("what cannot be seen is reported", () => {
  const unseen = [
    ["a variable", (stack: TerraformStack) => new cdktf.TerraformVariable(stack, "image", {}).stringValue],
    [
      "a text around a variable",
      (stack: TerraformStack) => `nginx:${new cdktf.TerraformVariable(stack, "v", {}).stringValue}`,
    ],
    ["a lazy value", () => cdktf.Lazy.stringValue({ produce: () => "nginx" })],
    ["an expression in a text", () => "${var.image}"],
    ["a mirror's digest behind another name", () => "nginx@${imagesync.x.source_digest}"],
    ["a mirror's address with more around it", () => "${imagesync.x.id}-debug"],
    ["what a data source has read at the upstream", () => "${data.imagesync_image.x.id}"],
    ["no reference", () => "NGINX latest"],
  ] as const;

  test.each(unseen)("when an image is %s", (_, make) => {
    const stack = openStack();
    deploy(stack, make(stack));
    mirror(stack);
    expect(mirrors(synth(stack))).toEqual({});
    expect(problems(stack)).toEqual([
      expect.stringMatching(/^warn: MirrorImages (cannot see an image, which stays|leaves ".*") as it is/),
    ]);
  });

  test.each([
    ["a lazy list", () => cdktf.Lazy.anyValue({ produce: () => [{ name: "web", image: "nginx" }] })],
    [
      "a list for each element of another",
      () => cdktf.TerraformIterator.fromList(["a"]).dynamic({ name: "web", image: "nginx" }),
    ],
    ["a list with a token", () => [cdktf.Token.asAny({ name: "web", image: "nginx" })]],
  ])("when the containers are %s", (_, make) => {
    const stack = openStack();
    deploy(stack, undefined, make());
    mirror(stack);
    expect(mirrors(synth(stack))).toEqual({});
    expect(problems(stack)).toEqual([
      expect.stringMatching(/^warn: MirrorImages cannot see the image at spec\.template\.spec\.container(\[0\])?,/),
    ]);
  });

  test("and fails the synthesis where that is asked for", () => {
    const outdir = mkdtempSync(join(tmpdir(), "imagesync-cdktf-out-"));
    onTestFinished(() => rmSync(outdir, { recursive: true }));
    const app = new cdktf.App({ outdir, skipValidation: true });
    const stack = new cdktf.TerraformStack(app, "stack");
    deploy(stack, "${var.image}");
    mirror(stack, { prefix, onUnknownImage: "fail" });
    expect(() => app.synth()).toThrow(/MirrorImages cannot see an image/);
  });

  test("while the images that can be seen are mirrored", () => {
    const stack = openStack();
    deploy(stack, undefined, [
      { name: "a", image: "${var.image}" },
      { name: "b", image: "nginx:1" },
    ]);
    mirror(stack);
    expect(Object.keys(mirrors(synth(stack)))).toEqual(["docker.io/library/nginx:1"]);
  });

  test("unless an override has it, which is replaced in its place", () => {
    const stack = openStack();
    const resource = new Manifest(stack, "x", { manifest: { kind: "Pod" } });
    resource.addOverride("manifest.spec.containers", [{ image: "nginx:1" }, { image: "${var.image}" }]);
    mirror(stack);
    const configuration = synth(stack);
    const [name] = Object.keys(configuration.resource["imagesync"] ?? {});
    expect(configuration.resource["kubernetes_manifest"]?.["x"]).toMatchObject({
      manifest: { spec: { containers: [{ image: `\${imagesync.${name}.id}` }, { image: "${var.image}" }] } },
    });
    expect(problems(stack)).toHaveLength(1);
  });
});

describe("whatever stands for an image", () => {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "",
      " ",
      "${",
      "${}",
      "a".repeat(10_000),
      "nginx\n",
      "__proto__",
      "..",
      "${TfToken[TOKEN.0",
      "%{ if true }",
    ),
    fc.tuple(fc.constantFrom("nginx", "ghcr.io/a/b"), fc.string()).map(([name, tag]) => `${name}:${tag}`),
  );

  test("is mirrored, or reported and left", () => {
    fc.assert(
      fc.property(text, (image) => {
        const stack = openStack();
        deploy(stack, image);
        mirror(stack);
        const [aspect] = cdktf.Aspects.of(stack).all;
        for (const node of stack.node.findAll()) aspect?.visit(node);
        const made = stack.node.findAll().filter((node) => node instanceof imagesync.Imagesync);
        expect(made.length + problems(stack).length).toBe(1);
      }),
      { numRuns: 150 },
    );
  });
});

describe("what cannot be done is an error", () => {
  test("when two images meet in one place", () => {
    const stack = openStack();
    deploy(stack, "docker.io/acme/app:1");
    deploy(stack, "ghcr.io/acme/app:1");
    mirror(stack);
    synth(stack);
    expect(problems(stack)).toEqual([
      'error: MirrorImages cannot mirror "ghcr.io/acme/app:1": "ghcr.io/acme/app:1" and "docker.io/acme/app:1" meet in "registry.example.com/mirror/acme/app:1". Keep them apart by "rewrite", or leave one alone by "exclude"',
    ]);
  });

  test("when the provider is of another stack", () => {
    const app = cdktf.Testing.app();
    const provider = new imagesync.ImagesyncProvider(new cdktf.TerraformStack(app, "other"), "imagesync");
    const stack = new cdktf.TerraformStack(app, "stack");
    deploy(stack, "nginx");
    mirror(stack, { prefix, provider });
    synth(stack);
    expect(problems(stack)).toEqual([expect.stringMatching(/^error: .*"other\/imagesync" is of another stack/)]);
  });

  test.each([
    ["neither a prefix nor a function", {}, /either "prefix" or "rewrite"/],
    ["both", { prefix, rewrite: () => undefined }, /either "prefix" or "rewrite"/],
    ["a prefix with a scheme", { prefix: "https://registry.example.com" }, /Write host, host:port or host\/path/],
    ["a prefix with a tag", { prefix: "registry.example.com/a:1" }, /Write host, host:port or host\/path/],
    ["an empty prefix", { prefix: "" }, /Write host, host:port or host\/path/],
    ["a glob that does not end", { prefix, include: ["docker.io/{a"] }, /the brace is not closed/],
  ])("when it is given %s", (_, options, message) => {
    expect(() => new imagesync.MirrorImages(options)).toThrow(message);
  });
});

describe("two stacks with one image", () => {
  test.each([
    [undefined, 1],
    ["retain", 0],
  ])("are warned of what a destroy takes from the other: deletionPolicy %s", (deletionPolicy, warnings) => {
    const app = cdktf.Testing.app();
    const stacks = ["one", "two"].map((name) => new cdktf.TerraformStack(app, name));
    for (const stack of stacks) {
      deploy(stack, "nginx:1");
      mirror(stack, deletionPolicy === undefined ? { prefix } : { prefix, settings: { deletionPolicy } });
      expect(Object.keys(mirrors(synth(stack)))).toEqual(["docker.io/library/nginx:1"]);
    }
    expect(stacks.flatMap(problems)).toHaveLength(warnings);
  });
});
