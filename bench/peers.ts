import { execFile } from "node:child_process";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheRoot } from "./cache.ts";
import { unpackDebianPackages } from "./debian-packages.ts";

const run = promisify(execFile);

/** The clients that imagesync is measured against in every run. */
export const peerNames = ["skopeo", "crane", "oras"] as const;

/** Those that no Debian package brings: they compete where they are on PATH. */
const guestNames = ["regsync"] as const;

export type PeerName = (typeof peerNames)[number] | (typeof guestNames)[number];

/** A client that runs here. */
export interface Peer {
  readonly command: string;
  readonly version: string;
}

/** The Debian release with current peers, and what each needs beside the system's libraries. */
const release = "forky";
const peerPackages = ["crane", "oras", "skopeo", "libc6", "libgpgme45", "libassuan9", "libgpg-error0", "libsqlite3-0"];

const folder = join(cacheRoot, "peers");
const binaries = join(folder, "usr/bin");
const arm = process.arch === "arm64";
const libraries = join(folder, "usr/lib", arm ? "aarch64-linux-gnu" : "x86_64-linux-gnu");
const loader = join(libraries, arm ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2");
/** Written last: without it the download was cut off. */
const versionsFile = join(folder, "versions.json");

/**
 * Finds the peers, downloaded once into the cache, else as the system has them. One that cannot be had is missing in
 * the answer; `say` tells why.
 */
export async function findPeers(say: (line: string) => void): Promise<ReadonlyMap<PeerName, Peer>> {
  try {
    await download(say);
  } catch (error) {
    say(`The peers cannot be downloaded, the system's are used: ${(error as Error).message.split("\n", 1)[0]}`);
  }
  const versions = await packagedVersions();
  const peers = new Map<PeerName, Peer>();
  for (const name of peerNames) {
    const version = versions?.[name];
    const downloaded = version !== undefined && (await works(commandOf(name)));
    const peer = downloaded ? { command: commandOf(name), version } : await installed(name);
    if (peer === undefined) say(`MISSING PEER: ${name} is neither downloaded nor on PATH`);
    else peers.set(name, peer);
  }
  for (const name of guestNames) {
    const guest = await installed(name);
    if (guest === undefined) say(`${name} is not on PATH and does not compete`);
    else peers.set(name, guest);
  }
  return peers;
}

async function download(say: (line: string) => void): Promise<void> {
  if ((await packagedVersions()) !== undefined) return;
  say(`Downloading ${peerNames.join(", ")} from Debian ${release} into ${folder}`);
  await rm(folder, { recursive: true, force: true });
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const versions = await unpackDebianPackages(release, peerPackages, partial);
  await rename(partial, folder);
  // skopeo is linked against newer libraries than a stable release has: it is started by its own loader.
  const script = `#!/bin/sh\nexec ${loader} --library-path ${libraries} ${join(binaries, "skopeo")} "$@"\n`;
  await writeFile(commandOf("skopeo"), script, { mode: 0o755 });
  await writeFile(versionsFile, JSON.stringify(Object.fromEntries(versions)));
}

/** What was downloaded; undefined when it was not, or not to the end. */
async function packagedVersions(): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return JSON.parse(await readFile(versionsFile, "utf8")) as Record<string, string>;
  } catch {
    return undefined;
  }
}

function commandOf(name: PeerName): string {
  return name === "skopeo" ? join(folder, "skopeo") : join(binaries, name);
}

async function works(command: string): Promise<boolean> {
  return run(command, ["--help"]).then(
    () => true,
    () => false,
  );
}

/** The system's own; Debian's crane cannot tell its version, nor what was built without its repository. */
async function installed(name: PeerName): Promise<Peer | undefined> {
  if (!(await works(name))) return undefined;
  const { stdout } = await run(name, name === "skopeo" ? ["--version"] : ["version"]);
  // regsync also tells the version of its compiler.
  const told = name === "regsync" ? /^VCSTag:.*$/m.exec(stdout)?.[0] : stdout;
  return { command: name, version: /\d+\.\d+\.\d+/.exec(told ?? "")?.[0] ?? "of unknown version" };
}
