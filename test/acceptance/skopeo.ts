import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireTool } from "../support/registries/index.ts";

const run = promisify(execFile);

/** Path of skopeo, or undefined. */
export const skopeoProgram: string | undefined = requireTool("skopeo");

export interface SkopeoAccess {
  /** PEM of the authority to trust; without it nothing is verified. */
  readonly ca?: string;
  readonly login?: { readonly user: string; readonly password: string };
}

/** The digest of a tag by the word of an independent program: the hash of the bytes that skopeo gets. */
export async function digestBySkopeo(reference: string, access: SkopeoAccess = {}): Promise<string> {
  if (skopeoProgram === undefined) throw new Error("skopeo is not on PATH");
  const directory = await mkdtemp(join(tmpdir(), "imagesync-skopeo-"));
  try {
    if (access.ca !== undefined) await writeFile(join(directory, "ca.crt"), access.ca);
    const { stdout } = await run(
      skopeoProgram,
      [
        "inspect",
        "--raw",
        ...(access.ca === undefined ? ["--tls-verify=false"] : ["--cert-dir", directory]),
        ...(access.login === undefined ? ["--no-creds"] : ["--creds", `${access.login.user}:${access.login.password}`]),
        `docker://${reference}`,
      ],
      { encoding: "buffer", env: { PATH: process.env["PATH"], HOME: directory } },
    );
    return `sha256:${createHash("sha256").update(stdout).digest("hex")}`;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
