import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The checksums of a release as `sha256sum` writes them, in the order of the names. */
export function checksums(files: ReadonlyMap<string, Uint8Array>): string {
  const digest = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, content]) => `${digest(content)}  ${name}\n`)
    .join("");
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
  signing.child.stdin?.end(passphrase === undefined ? "" : `${passphrase}\n`);
  await signing;
}
