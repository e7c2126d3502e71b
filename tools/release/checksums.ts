import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** SHA-256 sums by the names of their files, as `sha256sum` writes them, in the order of the names. */
export function checksums(sums: ReadonlyMap<string, string>): string {
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sum]) => `${sum}  ${name}\n`)
    .join("");
}

/** What {@link checksums} has written; lines that it would not write are left out. */
export function readChecksums(text: string): ReadonlyMap<string, string> {
  const lines = [...text.matchAll(/^([0-9a-f]{64}) {2}([^/\n]+)$/gm)];
  return new Map(lines.map(([, sum = "", name = ""]) => [name, sum]));
}

/**
 * Signs a file by gpg, as registries ask for it: detached and not armoured, in `FILE.sig`. The key has to be RSA or DSA;
 * gpg finds it by fingerprint or address in its own directory (GNUPGHOME). @throws what gpg says
 */
export async function signFile(file: string, key: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const passphrase = environment["IMAGESYNC_SIGNING_PASSPHRASE"];
  const unlocked = passphrase === undefined ? [] : ["--pinentry-mode", "loopback", "--passphrase-fd", "0"];
  const signing = run(
    "gpg",
    ["--batch", "--yes", ...unlocked, "--local-user", key, "--digest-algo", "SHA256", "--detach-sign", file],
    { env: environment },
  );
  // gpg may have ended before this is written, and says itself what is wrong then.
  signing.child.stdin?.on("error", () => undefined).end(passphrase === undefined ? "" : `${passphrase}\n`);
  await signing;
}

/** Signs a file of no use in a directory, where the environment names a key. @throws what gpg says of that key */
export async function trySigning(directory: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const key = environment["IMAGESYNC_SIGNING_KEY"];
  if (key === undefined || key === "") return;
  const file = join(directory, "signed");
  await writeFile(file, "");
  await signFile(file, key, environment);
}
