import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseReference } from "../../../engine/index.ts";
import { type ObjectValue, UNKNOWN, type Value } from "../../../provider-shim/protocol/value.ts";
import { callFunction } from "./call-function.ts";

const digest = `sha256:${"a".repeat(64)}`;
const other = `sha512:${"b".repeat(128)}`;

/** The functions of references, with good arguments. */
const good: Readonly<Record<string, readonly string[]>> = {
  parse_reference: ["nginx:1"],
  pin: ["nginx:1", digest],
  rewrite: ["nginx:1", "mirror.internal/hub"],
};

const hostileReferences: readonly string[] = [
  "",
  " ",
  "nginx:",
  "NGINX",
  "https://r.example/app:1",
  "r.example/app@sha256:abc",
  "r.example//app",
  "r.example/../app",
  `r.example/app:${"x".repeat(129)}`,
  `r.example/${"x".repeat(100_000)}`,
  "r.example/app:1\u001b[31m",
  "r.example/\u202eapp",
  "r.example:99999/app",
  "a".repeat(100_000),
];

describe("parse_reference", () => {
  const cases: readonly (readonly [text: string, parts: Readonly<Record<string, Value>>])[] = [
    [
      "nginx",
      {
        registry: "docker.io",
        repository: "library/nginx",
        tag: null,
        digest: null,
        name: "nginx",
        canonical: "docker.io/library/nginx:latest",
      },
    ],
    [
      "LOCALHOST:5000/team/app:1.2",
      {
        registry: "localhost:5000",
        repository: "team/app",
        tag: "1.2",
        digest: null,
        name: "LOCALHOST:5000/team/app",
        canonical: "localhost:5000/team/app:1.2",
      },
    ],
    [
      `ghcr.io/acme/app:1@${digest}`,
      {
        registry: "ghcr.io",
        repository: "acme/app",
        tag: "1",
        digest,
        name: "ghcr.io/acme/app",
        canonical: `ghcr.io/acme/app:1@${digest}`,
      },
    ],
    [
      `index.docker.io/nginx@${other}`,
      {
        registry: "docker.io",
        repository: "library/nginx",
        tag: null,
        digest: other,
        name: "index.docker.io/nginx",
        canonical: `docker.io/library/nginx@${other}`,
      },
    ],
  ];
  test.each(cases)("takes %s apart", async (text, parts) => {
    expect((await callFunction("parse_reference", text)).value).toEqual(parts);
  });

  test("gives a canonical form that is its own", async () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,5})?$/);
    const host = fc.constantFrom("", "docker.io/", "r.example:5000/", "localhost/");
    const tail = fc.constantFrom("", ":1", `@${digest}`, `:v1@${digest}`);
    await fc.assert(
      fc.asyncProperty(host, fc.array(name, { minLength: 1, maxLength: 3 }), tail, async (at, path, end) => {
        const { value } = await callFunction("parse_reference", `${at}${path.join("/")}${end}`);
        const { canonical } = value as ObjectValue;
        const again = (await callFunction("parse_reference", canonical ?? null)).value as ObjectValue;
        expect(again["canonical"]).toBe(canonical);
      }),
      { numRuns: 50 },
    );
  });
});

describe("pin", () => {
  test.each([
    ["nginx", `nginx@${digest}`],
    ["nginx:1.27", `nginx@${digest}`],
    ["localhost:5000/team/app:1", `localhost:5000/team/app@${digest}`],
    [`r.example/app:1@${digest}`, `r.example/app@${digest}`],
  ])("pins %s in its own spelling", async (text, expected) => {
    expect(await callFunction("pin", text, digest)).toEqual({ value: expected });
  });

  test.each(["", "sha256:", digest.toUpperCase(), `${digest} `, "md5:abc", `r.example/app@${digest}`])(
    "blames the second argument for %j",
    async (wrong) => {
      const { error } = await callFunction("pin", "nginx", wrong);
      expect(error).toEqual({
        text: expect.stringMatching(/^Invalid digest ".*A digest is sha256: and/) as string,
        argument: 1,
      });
    },
  );

  test("refuses to replace another digest", async () => {
    const { error } = await callFunction("pin", `nginx@${digest}`, other);
    expect(error?.argument).toBe(1);
    expect(error?.text).toBe(
      `The reference names another digest already, ${digest}. Remove it from the reference to pin that anew.`,
    );
  });
});

describe("rewrite", () => {
  test.each([
    ["nginx:1.27", "mirror.internal/dockerhub", "mirror.internal/dockerhub/library/nginx:1.27"],
    ["nginx", "mirror.internal", "mirror.internal/library/nginx"],
    ["docker.io/library/nginx:1", "localhost:5000/hub/", "localhost:5000/hub/library/nginx:1"],
    [`ghcr.io/acme/app:1@${digest}`, "registry.example.com", `registry.example.com/acme/app:1@${digest}`],
    [
      "r.example:5000/a/b/c@" + other,
      "Registry.example.com/mirror/r.example",
      `Registry.example.com/mirror/r.example/a/b/c@${other}`,
    ],
    ["nginx", "acme", "acme/library/nginx"],
  ])("places %s below %s", async (text, prefix, expected) => {
    expect(await callFunction("rewrite", text, prefix)).toEqual({ value: expected });
  });

  test.each(
    [
      "",
      "/",
      "registry.example.com//",
      "https://registry.example.com",
      "registry.example.com/mirror:1",
      `registry.example.com/mirror@${digest}`,
      "registry.example.com/Mirror",
      "registry.example.com/a b",
      "registry.example.com/\u001b[31m",
      "-registry.example.com",
      "x".repeat(100_000),
    ].map((prefix) => ({ prefix, name: JSON.stringify(prefix.slice(0, 60)) })),
  )("blames the second argument for the prefix $name", async ({ prefix }) => {
    const { error } = await callFunction("rewrite", "nginx:1", prefix);
    expect(error?.argument).toBe(1);
    expect(error?.text).toMatch(
      /^The prefix is (?:empty|not the start of an image reference: .*)\. Write it as host, host:port or host\/path\.$/,
    );
    expect(error?.text).not.toMatch(/\p{Cc}/u);
  });

  test("tells of a name that is too long for a registry", async () => {
    const { error } = await callFunction("rewrite", `r.example/${"x".repeat(200)}`, `r.example/${"y".repeat(100)}`);
    expect(error).toEqual({ text: expect.stringContaining("longer than 255 characters") as string, argument: 0 });
  });

  test("keeps path, tag and digest of whatever it is given", async () => {
    const path = fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { minLength: 1, maxLength: 4 });
    const end = fc.constantFrom("", ":1", `@${digest}`, `:v1@${digest}`);
    await fc.assert(
      fc.asyncProperty(path, end, path, async (of, tail, below) => {
        const text = `r.example/${of.join("/")}${tail}`;
        const { value } = await callFunction("rewrite", text, `m.example/${below.join("/")}`);
        const { tag, digest: kept, repository } = parseReference(value as string);
        expect({ tag, kept, repository }).toEqual({
          tag: parseReference(text).tag,
          kept: parseReference(text).digest,
          repository: [...below, ...of].join("/"),
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe.each(Object.entries(good))("%s", (name, values) => {
  test.each(hostileReferences.map((text) => ({ text, name: JSON.stringify(text.slice(0, 30)) })))(
    "blames the first argument for $name, in a text that steers no terminal",
    async ({ text: wrong }) => {
      const { error } = await callFunction(name, ...values.with(0, wrong));
      expect(error?.argument).toBe(0);
      expect(error?.text).toMatch(/^Invalid image reference ".*\.$/);
      expect(error?.text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(error?.text.length).toBeLessThan(500);
    },
  );

  test("takes no null and nothing unknown, which Terraform does not pass", async () => {
    for (const [position] of values.entries()) {
      for (const nothing of [null, UNKNOWN] satisfies Value[]) {
        const { error } = await callFunction(name, ...values.map((value, at) => (at === position ? nothing : value)));
        expect(error).toEqual({ text: "A text is needed here.", argument: position });
      }
    }
  });

  test("never fails without blaming an argument", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { minLength: values.length, maxLength: values.length }), async (texts) => {
        const { error, value } = await callFunction(name, ...texts);
        expect(value !== undefined || error?.argument !== undefined).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
