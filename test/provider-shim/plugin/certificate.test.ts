import { X509Certificate } from "node:crypto";

import { describe, expect, test } from "vitest";

import { createCertificate } from "../../../provider-shim/plugin/certificate.ts";

describe("the certificate", () => {
  test("is self-signed, for localhost, for servers and clients, and valid now", () => {
    const { der, certPem } = createCertificate();
    const parsed = new X509Certificate(certPem);
    expect(parsed.raw.equals(der)).toBe(true);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkIssued(parsed)).toBe(true);
    expect(parsed.ca).toBe(true);
    expect(parsed.checkHost("localhost", { subject: "never" })).toBe("localhost");
    expect(parsed.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(parsed.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    const now = Date.now();
    expect(Date.parse(parsed.validFrom)).toBeLessThan(now);
    expect(Date.parse(parsed.validTo)).toBeGreaterThan(now);
  });

  test.each(["2026-02-28T23:59:59Z", "2049-06-01T00:00:00Z", "2051-01-02T03:04:05Z"])(
    "has times that are read back, made at %s",
    (made) => {
      const parsed = new X509Certificate(createCertificate(new Date(made)).certPem);
      expect(Date.parse(parsed.validFrom)).toBe(Date.parse(made) - 30_000);
      expect(Date.parse(parsed.validTo)).toBe(Date.parse(made) + 365 * 24 * 60 * 60 * 1000);
    },
  );

  test("is well-formed and another one each time", () => {
    const serials = Array.from({ length: 200 }, () => {
      const parsed = new X509Certificate(createCertificate().certPem);
      expect(parsed.verify(parsed.publicKey)).toBe(true);
      return parsed.serialNumber;
    });
    expect(new Set(serials).size).toBe(serials.length);
  });
});
