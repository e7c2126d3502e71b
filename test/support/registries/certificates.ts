import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** PEM texts of a certificate authority of its own and of a server certificate that it signed. */
export interface TestCertificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates for 127.0.0.1, localhost and further names, by the `openssl` program. */
export async function makeCertificates(...further: readonly string[]): Promise<TestCertificates> {
  return inTemporaryDirectory(async (directory) => {
    const file = (name: string): string => join(directory, name);
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const authority = ["req", "-x509", ...newKey, "-subj", "/CN=test authority"];
    await run("openssl", [...authority, "-keyout", file("ca.key"), "-out", file("ca.crt")]);
    const server = [
      "req",
      "-x509",
      ...newKey,
      "-subj",
      "/CN=127.0.0.1",
      "-CA",
      file("ca.crt"),
      "-CAkey",
      file("ca.key"),
    ];
    const names = [
      "-addext",
      ["subjectAltName=IP:127.0.0.1", ...["localhost", ...further].map((name) => `DNS:${name}`)].join(","),
      "-addext",
      "basicConstraints=critical,CA:FALSE",
    ];
    await run("openssl", [...server, ...names, "-keyout", file("server.key"), "-out", file("server.crt")]);
    return {
      ca: await readFile(file("ca.crt"), "utf8"),
      cert: await readFile(file("server.crt"), "utf8"),
      key: await readFile(file("server.key"), "utf8"),
    };
  });
}

async function inTemporaryDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-certificates-"));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
