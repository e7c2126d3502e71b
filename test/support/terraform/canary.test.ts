import { describe, expect, test } from "vitest";
import { leaksIn } from "./canary.ts";

const secret = "s3cret:with+signs/= and a line\nbreak";
const secrets = { password: secret, other: "never-there-0123456789" };

describe("the canary", () => {
  test.each([
    ["as it is", `Authorization: ${secret}`],
    ["in JSON", JSON.stringify({ password: secret })],
    ["in JSON within JSON", JSON.stringify({ log: JSON.stringify({ password: secret }) })],
    ["percent-encoded", `?password=${encodeURIComponent(secret)}`],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in base64 behind a user name", Buffer.from(`robot:${secret}`).toString("base64")],
    ["in base64 behind another user name", Buffer.from(`me:${secret} and more`).toString("base64")],
    ["in base64 of addresses", Buffer.from(`robots:${secret}`).toString("base64url")],
    ["in hexadecimal digits", Buffer.from(secret).toString("hex")],
    ["wrapped in an error box", `│ ${secret.slice(0, 9)}\n│   ${secret.slice(9)}`],
  ])("finds a secret %s", (_how, text) => {
    expect(leaksIn(`before ${text} after`, secrets)).toEqual(["password"]);
  });

  test("finds nothing where there is nothing", () => {
    expect(leaksIn("Authorization: *** and s3cret alone", secrets)).toEqual([]);
  });
});
