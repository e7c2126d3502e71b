import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../engine/oci/digest.ts";
import {
  atDigest,
  canonicalReference,
  formatReference,
  isTag,
  manifestKey,
  parseReference,
  parseRepository,
  pinned,
  tagOrLatest,
} from "../../../engine/oci/reference.ts";
import { failureOf, hasControlCharacters } from "../failure.ts";

const digest = digestOf(Buffer.from("x"));
const digest512 = digestOf(Buffer.from("x"), "sha512");

describe("a reference is read", () => {
  test.each([
    // [text, registry, repository, tag, digest, spelled]
    ["nginx", "docker.io", "library/nginx", undefined, undefined, "nginx"],
    ["nginx:1.27", "docker.io", "library/nginx", "1.27", undefined, "nginx"],
    ["acme/app", "docker.io", "acme/app", undefined, undefined, "acme/app"],
    ["acme/team/app:v1", "docker.io", "acme/team/app", "v1", undefined, "acme/team/app"],
    ["docker.io/nginx", "docker.io", "library/nginx", undefined, undefined, "docker.io/nginx"],
    ["docker.io/library/nginx", "docker.io", "library/nginx", undefined, undefined, "docker.io/library/nginx"],
    ["index.docker.io/nginx:1", "docker.io", "library/nginx", "1", undefined, "index.docker.io/nginx"],
    ["registry-1.docker.io/acme/app", "docker.io", "acme/app", undefined, undefined, "registry-1.docker.io/acme/app"],
    ["hub.docker.com/acme/app:2", "docker.io", "acme/app", "2", undefined, "hub.docker.com/acme/app"],
    [
      "registry.hub.docker.com/library/nginx:1",
      "docker.io",
      "library/nginx",
      "1",
      undefined,
      "registry.hub.docker.com/library/nginx",
    ],
    [
      "registry.hub.docker.com/nginx",
      "docker.io",
      "library/nginx",
      undefined,
      undefined,
      "registry.hub.docker.com/nginx",
    ],
    ["DOCKER.IO/nginx", "docker.io", "library/nginx", undefined, undefined, "DOCKER.IO/nginx"],
    ["docker.io:443/nginx", "docker.io:443", "nginx", undefined, undefined, "docker.io:443/nginx"],
    ["ghcr.io/acme/app:1.2", "ghcr.io", "acme/app", "1.2", undefined, "ghcr.io/acme/app"],
    ["ghcr.io/app", "ghcr.io", "app", undefined, undefined, "ghcr.io/app"],
    ["localhost/app", "localhost", "app", undefined, undefined, "localhost/app"],
    ["localhost:5000/app", "localhost:5000", "app", undefined, undefined, "localhost:5000/app"],
    ["localhost:5000/a/b:c", "localhost:5000", "a/b", "c", undefined, "localhost:5000/a/b"],
    ["localhost", "docker.io", "library/localhost", undefined, undefined, "localhost"],
    ["host:5000", "docker.io", "library/host", "5000", undefined, "host"],
    ["Registry/app", "registry", "app", undefined, undefined, "Registry/app"],
    ["GHCR.io/acme/app", "ghcr.io", "acme/app", undefined, undefined, "GHCR.io/acme/app"],
    ["10.0.0.1/app", "10.0.0.1", "app", undefined, undefined, "10.0.0.1/app"],
    ["127.0.0.1:5000/app:1", "127.0.0.1:5000", "app", "1", undefined, "127.0.0.1:5000/app"],
    ["[::1]:5000/app", "[::1]:5000", "app", undefined, undefined, "[::1]:5000/app"],
    ["[2001:DB8::1]/app:1", "[2001:db8::1]", "app", "1", undefined, "[2001:DB8::1]/app"],
    [`[::ffff:10.0.0.1]/a@${digest}`, "[::ffff:10.0.0.1]", "a", undefined, digest, "[::ffff:10.0.0.1]/a"],
    ["r.example:65535/a", "r.example:65535", "a", undefined, undefined, "r.example:65535/a"],
    [`nginx@${digest}`, "docker.io", "library/nginx", undefined, digest, "nginx"],
    [`ghcr.io/a/b:1@${digest}`, "ghcr.io", "a/b", "1", digest, "ghcr.io/a/b"],
    [`localhost:5000/b@${digest512}`, "localhost:5000", "b", undefined, digest512, "localhost:5000/b"],
    ["xn--bcher-kva.example/a", "xn--bcher-kva.example", "a", undefined, undefined, "xn--bcher-kva.example/a"],
    [
      "r.io/a.b/c_d/e__f/g-h/i---j",
      "r.io",
      "a.b/c_d/e__f/g-h/i---j",
      undefined,
      undefined,
      "r.io/a.b/c_d/e__f/g-h/i---j",
    ],
    ["a.b", "docker.io", "library/a.b", undefined, undefined, "a.b"],
    ["r.io/a:_.-A9", "r.io", "a", "_.-A9", undefined, "r.io/a"],
    [`r.io/a:${"t".repeat(128)}`, "r.io", "a", "t".repeat(128), undefined, "r.io/a"],
    // A repository may be called like a word of the API.
    ["r.io/manifests/blobs:tags", "r.io", "manifests/blobs", "tags", undefined, "r.io/manifests/blobs"],
  ])("%s", (text, registry, repository, tag, wanted, spelled) => {
    expect(parseReference(text)).toEqual({
      registry,
      repository,
      ...(tag === undefined ? {} : { tag }),
      ...(wanted === undefined ? {} : { digest: wanted }),
      spelled,
    });
    expect(formatReference(parseReference(text))).toBe(text);
  });
});

describe("a reference is refused", () => {
  const long = "a".repeat(256);
  test.each([
    ["nothing", ""],
    ["a space", " "],
    ["a slash", "/"],
    ["a colon", ":"],
    ["an at sign", "@"],
    ["a slash first", "/app"],
    ["a slash last", "r.io/app/"],
    ["a registry alone", "r.io/"],
    ["an empty part", "r.io/a//b"],
    ["a dot-dot", "r.io/../etc/passwd"],
    ["a dot-dot at the end", "r.io/a/.."],
    ["a dot", "r.io/a/./b"],
    ["an upper-case repository", "r.io/App"],
    ["an upper-case repository of Docker Hub", "Nginx"],
    ["a separator first", "r.io/-a"],
    ["a separator last", "r.io/a_"],
    ["two periods", "r.io/a..b"],
    ["three underscores", "r.io/a___b"],
    ["mixed separators", "r.io/a._b"],
    ["a scheme", "https://r.io/app"],
    ["the scheme of another tool", "docker://r.io/app"],
    ["an upper-case scheme", "HTTPS://r.io/app"],
    ["a query", "r.io/app?x=1"],
    ["a fragment", "r.io/app#x"],
    ["a percent sign", "r.io/%61pp"],
    ["a backslash", "r.io\\app"],
    ["a login", "user:secret@r.io/app"],
    ["a line break", "r.io/app\n"],
    ["a line break in the middle", "r.io/a\r\npp"],
    ["a NUL", "r.io/app\0"],
    ["letters that look like ours", "r.io/аpp"],
    ["letters that upper-case to ours", "r.io/ſ"],
    ["an empty tag", "r.io/app:"],
    ["a tag with a period first", "r.io/app:.1"],
    ["a tag with a dash first", "r.io/app:-1"],
    ["a tag with a plus", "r.io/app:1+2"],
    ["two tags", "r.io/app:1:2"],
    ["a tag before a slash", "r.io/app:1/x"],
    ["a tag of 129 characters", `r.io/app:${"t".repeat(129)}`],
    ["an empty digest", "r.io/app@"],
    ["a short digest", "r.io/app@sha256:abc"],
    ["a digest of another algorithm", `r.io/app@md5:${"a".repeat(32)}`],
    ["an upper-case digest", `r.io/app@${digest.toUpperCase()}`],
    ["two digests", `r.io/app@${digest}@${digest}`],
    ["a tag behind the digest", `r.io/app@${digest}:1`],
    ["an at sign and a digest", `@${digest}`],
    ["port 0", "r.io:0/app"],
    ["port 65536", "r.io:65536/app"],
    ["a port of letters", "r.io:http/app"],
    ["a port of six digits", "r.io:000080/app"],
    ["an empty port", "r.io:/app"],
    ["a host with a dash first", "-r.io/app"],
    ["a host with an empty label", "r..io/app"],
    ["a host with a period last", "r.io./app"],
    ["a host with an underscore", "my_registry.io/app"],
    ["a host label of 64 characters", `${"a".repeat(64)}.io/app`],
    ["IPv6 without its end", "[::1/app"],
    ["IPv6 without its start", "::1]/app"],
    ["IPv6 without brackets", "::1/app"],
    ["empty brackets", "[]/app"],
    ["brackets around periods", "[..]/app"],
    ["brackets around colons", "[::::]/app"],
    ["brackets around too many groups", "[1:2:3:4:5:6:7:8:9]/app"],
    ["brackets in the repository", "r.io/[a]"],
    ["a name of 256 characters", `r.io/${long.slice(5)}`],
    ["a name that is too long with library/", "a".repeat(250)],
    ["a megabyte", "a".repeat(1024 * 1024)],
    ["a megabyte of slashes", "/".repeat(1024 * 1024)],
  ])("%s", (_name, text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        code: "invalid-reference",
        message: expect.stringMatching(/^Invalid image reference "/),
      }) as Error,
    );
  });

  test.each([
    "user:s3cret@r.io/app:1",
    "user:s3@cret@r.io/app",
    "https://user:s3cret@r.io",
    "https://s3cret@r.io/app:1",
  ])("without the login that stands in %s", (text) => {
    expect(() => parseReference(text)).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining("s3"),
        hint: expect.stringContaining("logins are read from"),
      }) as Error,
    );
  });

  test("with a short message and without what stood there as control characters", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 600 }), async (text) => {
        const error = await failureOf(() => parseReference(text));
        fc.pre(error !== undefined);
        expect(error).toMatchObject({ code: "invalid-reference", hint: expect.any(String) as string });
        expect(error.message.length).toBeLessThan(1200);
        expect(hasControlCharacters(error.message)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const component = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "--"), word), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.flat().join(""));
const host = fc.oneof(
  fc.constantFrom(
    "docker.io",
    "registry.hub.docker.com",
    "localhost",
    "GHCR.io",
    "[::1]",
    "[fe80::1:2]",
    "10.1.2.3",
    "r.example",
  ),
  fc.tuple(word, word).map((labels) => labels.join(".")),
);
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
const registry = fc.tuple(host, port).map(([name, number]) => (number === undefined ? name : `${name}:${number}`));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const someDigest = fc
  .tuple(fc.uint8Array({ maxLength: 4 }), fc.constantFrom("sha256" as const, "sha512" as const))
  .map(([bytes, algorithm]) => digestOf(bytes, algorithm));
const referenceText = fc
  .tuple(
    fc.option(registry, { nil: undefined }),
    fc.array(component, { minLength: 1, maxLength: 4 }),
    fc.option(tag, { nil: undefined }),
    fc.option(someDigest, { nil: undefined }),
  )
  // Without a registry, a first part with a period is taken for one.
  .filter(([name, path]) => name !== undefined || path.length === 1 || !/[.]/.test(path[0] ?? ""))
  .map(([name, path, label, pin]) => {
    const tagged = label === undefined ? "" : `:${label}`;
    return `${name === undefined ? "" : `${name}/`}${path.join("/")}${tagged}${pin === undefined ? "" : `@${pin}`}`;
  });

describe("for every reference that follows the grammar", () => {
  test("parsing keeps the spelling, and formatting gives the text back", () => {
    fc.assert(
      fc.property(referenceText, (text) => {
        const reference = parseReference(text);
        expect(formatReference(reference)).toBe(text);
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
      { numRuns: 1000 },
    );
  });

  test("the canonical text is a reference to the same thing, and its own canonical text", () => {
    fc.assert(
      fc.property(referenceText, (text) => {
        const reference = parseReference(text);
        const canonical = canonicalReference(reference);
        const again = parseReference(canonical);
        expect(canonicalReference(again)).toBe(canonical);
        expect([again.registry, again.repository, again.digest]).toEqual([
          reference.registry,
          reference.repository,
          reference.digest,
        ]);
        expect(manifestKey(again)).toBe(manifestKey(reference));
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["registry.hub.docker.com/library/nginx:latest", "docker.io/library/nginx:latest"],
  ["GHCR.io/a/b:1", "ghcr.io/a/b:1"],
  [`r.io/a@${digest}`, `r.io/a@${digest}`],
  [`r.io/a:1@${digest}`, `r.io/a:1@${digest}`],
])("%s is, canonically, %s", (text, canonical) => {
  expect(canonicalReference(parseReference(text))).toBe(canonical);
});

test("the tag is latest only where neither tag nor digest is written", () => {
  expect(tagOrLatest(parseReference("r.io/a"))).toBe("latest");
  expect(tagOrLatest(parseReference("r.io/a:1"))).toBe("1");
  expect(tagOrLatest(parseReference(`r.io/a@${digest}`))).toBeUndefined();
  expect(tagOrLatest(parseReference(`r.io/a:1@${digest}`))).toBe("1");
});

test("a reference with tag and digest is looked up by its digest", () => {
  expect(manifestKey(parseReference(`r.io/a:1@${digest}`))).toBe(digest);
  expect(manifestKey(parseReference("r.io/a:1"))).toBe("1");
  expect(manifestKey(parseReference("r.io/a"))).toBe("latest");
});

test("pinning keeps the user's spelling and drops the tag", () => {
  const reference = parseReference("registry.hub.docker.com/library/nginx:1");
  expect(pinned(reference, digest)).toBe(`registry.hub.docker.com/library/nginx@${digest}`);
  expect(formatReference(atDigest(reference, digest))).toBe(`registry.hub.docker.com/library/nginx@${digest}`);
});

test("a repository has no tag and no digest", () => {
  expect(parseRepository("localhost:5000/app").repository).toBe("app");
  for (const text of ["r.io/app:1", `r.io/app@${digest}`]) {
    expect(() => parseRepository(text)).toThrow(expect.objectContaining({ code: "invalid-reference" }) as Error);
  }
});

test.each(["a", "_", "1.0", "A-b_c.d", "x".repeat(128)])("%s is a tag", (text) => {
  expect(isTag(text)).toBe(true);
});

test.each(["", ".", "-a", "a/b", "a:b", "a b", "ä", "a\n", "x".repeat(129), digest])("%j is no tag", (text) => {
  expect(isTag(text)).toBe(false);
});
