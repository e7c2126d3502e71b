import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

import { bitString, der, oid, positiveInteger, sequence, time } from "./der.ts";

/** A self-signed certificate and its key. */
export interface Certificate {
  /** The certificate in DER, as the handshake line carries it. */
  readonly der: Buffer;
  readonly certPem: string;
  readonly keyPem: string;
}

const ecdsaWithSha256 = sequence(oid(1, 2, 840, 10045, 4, 3, 2));
const commonName = oid(2, 5, 4, 3);
const utf8String = 0x0c;
const isTrue = der(0x01, Buffer.from([0xff]));
const dnsName = 0x82;

/** Long enough for any run of a plugin; its key never leaves the process. */
const validityMs = 365 * 24 * 60 * 60 * 1000;
/** The clock of the other side of the socket is our own; this only guards against a clock being set back. */
const backdatingMs = 30_000;

/**
 * Makes the certificate for mutual TLS between Terraform and this process: P-256, for the name "localhost", which is
 * what Terraform expects whatever the address is. Written by hand, as this takes one millisecond at each start where
 * certificate libraries take up to a hundred. https://www.rfc-editor.org/rfc/rfc5280#section-4.1
 */
export function createCertificate(now: Date = new Date()): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(commonName, der(utf8String, Buffer.from("localhost")))));
  const toBeSigned = sequence(
    der(0xa0, positiveInteger(Buffer.from([2]))), // version 3
    positiveInteger(randomBytes(16)),
    ecdsaWithSha256,
    name,
    sequence(time(new Date(now.getTime() - backdatingMs)), time(new Date(now.getTime() + validityMs))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions())),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ecdsaWithSha256, bitString(signature));
  return {
    der: certificate,
    certPem: pem(certificate),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1 */
function extensions(): Buffer[] {
  const serverAuth = oid(1, 3, 6, 1, 5, 5, 7, 3, 1);
  const clientAuth = oid(1, 3, 6, 1, 5, 5, 7, 3, 2);
  // digitalSignature, keyEncipherment, keyAgreement, keyCertSign; two bits unused
  const keyUsage = der(0x03, Buffer.from([0x02, 0xac]));
  return [
    sequence(oid(2, 5, 29, 15), isTrue, der(0x04, keyUsage)),
    sequence(oid(2, 5, 29, 19), isTrue, der(0x04, sequence(isTrue))),
    sequence(oid(2, 5, 29, 37), der(0x04, sequence(serverAuth, clientAuth))),
    sequence(oid(2, 5, 29, 17), der(0x04, sequence(der(dnsName, Buffer.from("localhost"))))),
  ];
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
