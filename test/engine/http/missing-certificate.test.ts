import { describe, expect, test } from "vitest";
import { makeCertificates } from "../../support/registries/certificates.ts";
import { requireTool } from "../../support/registries/tool.ts";
import { startServer } from "./scripted-server.ts";
import { bodyOf, testClient } from "./test-client.ts";

const html = { "content-type": "text/html" };
const page = (what: string): string => `<html><head><title>400 ${what}</title></head><body>nginx</body></html>`;

describe.skipIf(requireTool("openssl") === undefined)("a 400 of nginx", () => {
  test.each([
    ["No required SSL certificate was sent", "it asks for a client certificate"],
    ["The SSL certificate error", "it does not accept the client certificate"],
  ])("%s is explained", async (what, message) => {
    const pem = await makeCertificates();
    await using server = await startServer((_, response) => response.writeHead(400, html).end(page(what)), {
      tls: pem,
    });
    await using http = testClient({ registries: [{ address: server.host, caCertificate: pem.ca }] });
    await expect(http.send(server.host, "/v2/")).rejects.toMatchObject({
      code: "tls",
      attempts: 1,
      message: expect.stringContaining(message),
      hint: expect.stringContaining("client_certificate"),
    });
  });

  test("about anything else, and one of a registry, is handed on as it is", async () => {
    const pem = await makeCertificates();
    const answers = [
      [html, page("Bad Request")],
      [{ "content-type": "application/json" }, '{"errors":[{"message":"No required SSL certificate was sent"}]}'],
    ] as const;
    for (const [headers, text] of answers) {
      await using server = await startServer((_, response) => response.writeHead(400, headers).end(text), { tls: pem });
      await using http = testClient({ registries: [{ address: server.host, caCertificate: pem.ca }] });
      const answer = await http.send(server.host, "/v2/");
      expect([answer.status, await bodyOf(answer)]).toEqual([400, text]);
    }
  });
});
