import { access, writeFile } from "node:fs/promises";
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
  /**
   * Copies every tag of a repository. Who takes his orders from a file writes it into `folder`, which is there before
   * the clock starts.
   */
  readonly copyRepository?: (source: Side, destination: Side, folder: string) => Command | Promise<Command>;
}

/** Where `make build` puts the command line. */
const ourBinary = join(projectRoot, "dist/imagesync");

/** imagesync as it is built: one image alone, as the peers copy it, and whole repositories with its defaults. */
export async function ourselves(): Promise<Contestant | undefined> {
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
      // No peer looks for signatures when it copies one image.
      "--no-referrers",
      image(source, tag),
      image(destination, tag),
      "--plain-http",
    ],
    copyRepository: async (source, destination, folder) => {
      const file = join(folder, "imagesync.yaml");
      const registries = [source, destination].map(({ host }) => `  - {address: "${host}", plain_http: true}\n`);
      const repositories = `  - {source: "${address(source)}", destination: "${address(destination)}"}\n`;
      await writeFile(file, `version: 1\nregistries:\n${registries.join("")}repositories:\n${repositories}`);
      return [ourBinary, "sync", "-c", file];
    },
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
      case "regsync":
        contestants.push(regsync(peer, 1), regsync(peer, 8));
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

/** regsync copies one image after the other unless it is told otherwise. */
function regsync({ command, version }: Peer, parallel: number): Contestant {
  return {
    name: parallel === 1 ? "regsync" : `regsync, parallel ${parallel}`,
    version,
    ours: false,
    copyRepository: async (source, destination, folder) => {
      const file = join(folder, "regsync.yaml");
      const registries = [source, destination].map(({ host }) => `  - {registry: "${host}", tls: disabled}\n`);
      const ends = `{source: "${address(source)}", target: "${address(destination)}", type: repository}`;
      const text = `version: 1\ncreds:\n${registries.join("")}defaults: {parallel: ${parallel}}\nsync:\n  - ${ends}\n`;
      await writeFile(file, text);
      return [command, "once", "--verbosity=error", "-c", file];
    },
  };
}

function address({ host, repository }: Side): string {
  return `${host}/${repository}`;
}

function image(side: Side, tag: string): string {
  return `${address(side)}:${tag}`;
}
