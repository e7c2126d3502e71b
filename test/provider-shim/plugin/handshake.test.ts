import { describe, expect, test } from "vitest";

import { handshakeLine, readHandshake } from "../../../provider-shim/plugin/handshake.ts";

const cookie = { TF_PLUGIN_MAGIC_COOKIE: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2" };

describe("the handshake", () => {
  test.each([
    ["5,6", 6],
    ["6,5", 6],
    ["5", 5],
    [" 4 , 5 ", 5],
    ["6,7,8", 6],
  ])("of protocols %j takes %i", (offered, protocol) => {
    expect(readHandshake({ ...cookie, PLUGIN_PROTOCOL_VERSIONS: offered })).toEqual({
      kind: "accepted",
      protocol,
      clientCertificate: undefined,
    });
  });

  test.each(["", "4", "56", "7", "6.0"])("of protocols %j takes none", (offered) => {
    const handshake = readHandshake({ ...cookie, PLUGIN_PROTOCOL_VERSIONS: offered });
    expect(handshake).toMatchObject({ kind: "refused" });
  });

  test.each([undefined, "", "wrong"])("with the cookie %j is refused in words for a user", (wrong) => {
    const handshake = readHandshake({ TF_PLUGIN_MAGIC_COOKIE: wrong, PLUGIN_PROTOCOL_VERSIONS: "6" });
    expect(handshake.kind === "refused" && handshake.explanation).toContain("terraform init");
  });

  test("is one line, with a certificate in base64 without padding or none", () => {
    const unix = { network: "unix", address: "/tmp/x/socket" } as const;
    expect(handshakeLine(6, unix, Buffer.from("ab"))).toBe("1|6|unix|/tmp/x/socket|grpc|YWI\n");
    const tcp = { network: "tcp", address: "127.0.0.1:12345" } as const;
    expect(handshakeLine(5, tcp, undefined)).toBe("1|5|tcp|127.0.0.1:12345|grpc|\n");
  });
});
