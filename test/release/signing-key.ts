import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A key that gpg has made for a test, in a directory of its own. */
export interface SigningKey {
  /** With GNUPGHOME, and nothing of the machine's own keys. */
  readonly environment: NodeJS.ProcessEnv;
  /** Hexadecimal, as gpg prints it. */
  readonly fingerprint: string;
  /** The public half, armoured. */
  readonly publicKey: string;
  /** Ends gpg's agent and removes the directory. */
  close(): Promise<void>;
}

/** Makes a key of the kind that registries take: RSA, for signing. */
export async function makeSigningKey(passphrase = ""): Promise<SigningKey> {
  // Short: the agent's socket is in it.
  const directory = await mkdtemp("/tmp/is-gpg-");
  const environment = { PATH: process.env["PATH"], HOME: directory, GNUPGHOME: directory };
  const gpg = async (...args: string[]): Promise<string> =>
    (await run("gpg", ["--batch", "--quiet", ...args], { env: environment })).stdout;
  const close = async (): Promise<void> => {
    await run("gpgconf", ["--kill", "gpg-agent"], { env: environment });
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const unlock = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
    await gpg(...unlock, "--quick-gen-key", "Release test <release@example.com>", "rsa3072", "sign", "never");
    const listed = await gpg("--list-keys", "--with-colons");
    const [, fingerprint = ""] = /^fpr:+([0-9A-F]+):$/m.exec(listed) ?? [];
    return { environment, fingerprint, publicKey: await gpg("--armor", "--export"), close };
  } catch (error) {
    await close();
    throw error;
  }
}
