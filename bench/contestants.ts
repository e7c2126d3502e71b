import { access } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "./cache.ts";
import type { Command } from "./measure.ts";
import type { Peer, PeerName } from "./peers.ts";

/** A repository at a registry: `host/path`. */
export interface Side {
  readonly host: string;
  readonly repository: string;
}

/** A client in the bench, and how it is told to copy. */
export interface Contestant {
  readonly name: string;
  readonly version: string;
  readonly ours: boolean;
  /** Copies one tag under the same name. */
  readonly copyTag?: (source: Side, destination: Side, tag: string) => Command;
  /** Copies every tag of a repository. */
  readonly copyRepository?: (source: Side, destination: Side) => Command;
}

/** Where `make build` puts the command line. */
const ourBinary = join(projectRoot, "dist/imagesync");

/**
 * imagesync, when it is built.
 * @param program A rule for a whole repository, bundled: see copy-repository.ts. Without it whole repositories are not copied.
 */
export async function ourselves(program: string | undefined): Promise<Contestant | undefined> {
  const built = await access(ourBinary).then(
    () => true,
    () => false,
  );
  if (!built) return undefined;
  return {
    name: "imagesync",
    version: "of this checkout",
    ours: true,
    copyTag: (source, destination, tag) => [
      ourBinary,
      "copy",
      image(source, tag),
      image(destination, tag),
      "--plain-http",
    ],
    ...(program === undefined
      ? {}
      : { copyRepository: (from, to) => [process.execPath, program, address(from), address(to)] as const }),
  };
}

/** The peers, as their manuals say one copies byte for byte. */
export function contestantsFrom(peers: ReadonlyMap<PeerName, Peer>): readonly Contestant[] {
  const contestants: Contestant[] = [];
  for (const [name, peer] of peers) {
    switch (name) {
      case "skopeo":
        contestants.push(skopeo(peer));
        break;
      case "crane":
        contestants.push(crane(peer), craneRepository(peer, 8), craneRepository(peer, 32));
        break;
      case "oras":
        contestants.push(oras(peer), orasRepository(peer));
        break;
    }
  }
  return contestants;
}

function skopeo({ command, version }: Peer): Contestant {
  const flags = ["--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"];
  return {
    name: "skopeo",
    version,
    ours: false,
    copyTag: (source, destination, tag) => [
      command,
      "--insecure-policy",
      "copy",
      "--quiet",
      ...flags,
      `docker://${image(source, tag)}`,
      `docker://${image(destination, tag)}`,
    ],
    // skopeo appends the last part of the source's name to the destination.
    copyRepository: (source, destination) => [
      command,
      "--insecure-policy",
      "sync",
      ...flags,
      "--src=docker",
      "--dest=docker",
      address(source),
      address(destination).slice(0, address(destination).lastIndexOf("/")),
    ],
  };
}

function crane({ command, version }: Peer): Contestant {
  return {
    name: "crane",
    version,
    ours: false,
    copyTag: (source, destination, tag) => [command, "copy", image(source, tag), image(destination, tag)],
  };
}

/** crane's default of one job per processor is far too few for latency, so it competes with more. */
function craneRepository({ command, version }: Peer, jobs: number): Contestant {
  return {
    name: `crane -j${jobs}`,
    version,
    ours: false,
    copyRepository: (source, destination) => [
      command,
      "copy",
      "--all-tags",
      `--jobs=${jobs}`,
      address(source),
      address(destination),
    ],
  };
}

const orasPlain = ["--no-tty", "--from-plain-http", "--to-plain-http"];

/** oras does not compare the content it copies with its digest: it saves that work. */
function oras({ command, version }: Peer): Contestant {
  return {
    name: "oras",
    version,
    ours: false,
    copyTag: (source, destination, tag) => [command, "copy", ...orasPlain, image(source, tag), image(destination, tag)],
  };
}

/** oras copies no repositories: a process for each tag, as a script would do it. */
function orasRepository({ command, version }: Peer): Contestant {
  const script = `set -o pipefail; "$0" repo tags --plain-http "$1" | xargs -P8 -I{} "$0" copy ${orasPlain.join(" ")} "$1:{}" "$2:{}"`;
  return {
    name: "oras, 8 processes",
    version,
    ours: false,
    copyRepository: (source, destination) => ["bash", "-c", script, command, address(source), address(destination)],
  };
}

function address({ host, repository }: Side): string {
  return `${host}/${repository}`;
}

function image(side: Side, tag: string): string {
  return `${address(side)}:${tag}`;
}
