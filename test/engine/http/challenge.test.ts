import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chooseMethod } from "../../../engine/http/authentication-method.ts";
import { parseChallenges } from "../../../engine/http/challenge.ts";
import { ImagesyncError } from "../../../engine/errors.ts";

const read = (header: string): [string, Record<string, string>][] =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

test.each<[string, [string, Record<string, string>][]]>([
  ["", []],
  [" , ,, ", []],
  ["Basic", [["basic", {}]]],
  [`Basic realm="Registry Realm"`, [["basic", { realm: "Registry Realm" }]]],
  [`BASIC REALM=x`, [["basic", { realm: "x" }]]],
  [
    `Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push"`,
    [
      [
        "bearer",
        {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:library/nginx:pull,push",
        },
      ],
    ],
  ],
  [`Bearer realm = "a" , service = b`, [["bearer", { realm: "a", service: "b" }]]],
  [`Bearer realm=https://r.example/token,service=r`, [["bearer", { realm: "https://r.example/token", service: "r" }]]],
  [`Bearer realm="a\\"b\\\\c"`, [["bearer", { realm: `a"b\\c` }]]],
  [`Bearer realm="a",realm="b"`, [["bearer", { realm: "a" }]]],
  [
    `Bearer realm="a", Basic realm="b, c=d"`,
    [
      ["bearer", { realm: "a" }],
      ["basic", { realm: "b, c=d" }],
    ],
  ],
  [
    `Basic, Bearer realm="a"`,
    [
      ["basic", {}],
      ["bearer", { realm: "a" }],
    ],
  ],
  [`Negotiate`, [["negotiate", {}]]],
  [
    `Negotiate abc+/==, Basic realm="x"`,
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  [
    `Negotiate, NTLM, Basic`,
    [
      ["negotiate", {}],
      ["ntlm", {}],
      ["basic", {}],
    ],
  ],
  [`Bearer realm="",error="insufficient_scope"`, [["bearer", { realm: "", error: "insufficient_scope" }]]],
])("the header %j is read", (header, challenges) => {
  expect(read(header)).toEqual(challenges);
});

test.each([
  ["a quote that is not closed", `Bearer realm="https://secret-Canary`],
  ["a quote that ends in a backslash", `Bearer realm="secret-Canary\\`],
  ["a parameter without value", `Bearer realm=`],
  ["a value that is missing before a comma", `Bearer realm=,service=secret-Canary`],
  ["a control character", `\0\0secret-Canary`],
  ["a separator in place of a scheme", `@secret-Canary`],
  ["64 kB", `Bearer realm="${"a".repeat(65_536)}"`],
])("%s is a clear error that does not repeat the header", (_, header) => {
  expect(() => parseChallenges(header)).toThrow(expect.objectContaining({ code: "protocol" }));
  expect(() => parseChallenges(header)).not.toThrow(/Canary/);
});

test("any text is read or refused, never anything else", () => {
  const piece = fc.oneof(fc.string(), fc.constantFrom(`Bearer `, `realm=`, `"`, `,`, ` `, `\\`, `=`, `a`));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      expect(outcome(pieces.join(""))).toBeOneOf(["read", "protocol"]);
    }),
  );
});

function outcome(header: string): string {
  try {
    parseChallenges(header);
    return "read";
  } catch (error) {
    return error instanceof ImagesyncError ? error.code : String(error);
  }
}

test("what is written as a challenge is read as it was", () => {
  const token = fc.stringMatching(/^[a-z][a-z0-9_-]{0,10}$/);
  const challenge = fc.tuple(
    token,
    fc.dictionary(token, fc.string({ maxLength: 20 }), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  );
  fc.assert(
    fc.property(fc.array(challenge, { minLength: 1, maxLength: 4 }), (challenges) => {
      const header = challenges
        .map(([scheme, parameters]) => {
          const written = Object.entries(parameters).map(
            ([name, value]) => `${name}="${value.replace(/["\\]/g, "\\$&")}"`,
          );
          return `${scheme} ${written.join(", ")}`;
        })
        .join(", ");
      expect(read(header)).toEqual(challenges);
    }),
  );
});

describe("the method that is chosen", () => {
  const choose = (header: string) => chooseMethod(parseChallenges(header), "registry.example.com");

  test("is Bearer wherever it stands, if it names its realm", () => {
    const bearer = { kind: "bearer", realm: "t", service: "s", scopes: ["a:b:c", "d:e:f"], insufficientScope: false };
    expect(choose(`Basic realm="x", Bearer realm="t",service="s",scope="a:b:c  d:e:f"`)).toEqual(bearer);
    expect(choose(`Bearer realm="t",service="s",scope="a:b:c d:e:f", Basic realm="x"`)).toEqual(bearer);
  });

  test("is Basic otherwise, past schemes that nobody here knows", () => {
    expect(choose(`Negotiate, Bearer service="s", Basic realm="x"`)).toEqual({ kind: "basic" });
  });

  test("tells that a scope is missing", () => {
    expect(choose(`Bearer realm="t",error="insufficient_scope",scope="a:b:c"`)).toMatchObject({
      insufficientScope: true,
      service: undefined,
    });
  });

  test("is an error when there is none for us", () => {
    expect(() => choose("Negotiate, NTLM")).toThrow(
      expect.objectContaining({ code: "unauthorized", message: expect.stringContaining(`"negotiate", "ntlm"`) }),
    );
    expect(() => choose("Bearer service=s")).toThrow(expect.objectContaining({ code: "protocol" }));
    expect(() => choose("")).toThrow(expect.objectContaining({ code: "unauthorized" }));
  });
});
