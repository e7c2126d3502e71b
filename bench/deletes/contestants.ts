import type { Side } from "../contestants.ts";
import type { Command } from "../measure.ts";
import type { Peer, PeerName } from "../peers.ts";

/** Somebody who removes images, and how he is told to. */
export interface Remover {
  readonly name: string;
  readonly version: string;
  readonly ours: boolean;
  /** Removes everything in a file of tags and digests: see removal-list.ts. */
  command(at: Side, list: string): Command;
}

/** As many as Terraform removes at a time by default. */
const atOnce = 10;

/** The scripts of the bench, bundled. */
export interface Loops {
  /** See remove-images.ts. */
  readonly remove: string;
  /** See replay-remove.ts. */
  readonly replay: string;
}

/** imagesync's engine as the provider uses it, and with all removals at once. */
export function ourRemovers(loops: Loops, removals: number): readonly Remover[] {
  return [atOnce, removals].map((parallel) => ({
    name: `imagesync, ${parallel} at a time`,
    version: "of this checkout",
    ours: true,
    command: (at, list) => [process.execPath, loops.remove, address(at), list, String(parallel)],
  }));
}

/** Every manifest for every image: see replay-remove.ts. */
export function replayed(loops: Loops): readonly Remover[] {
  return [1, atOnce].map((parallel) => ({
    name: `every manifest for every image (replay), ${parallel} at a time`,
    version: "replayed",
    ours: false,
    command: (at, list) => [process.execPath, loops.replay, address(at), list, String(parallel)],
  }));
}

/**
 * The peers, a process for each image. By tag crane asks for what docker-registry 2.8 does not do, so it is given the
 * digest; skopeo finds it itself. What fails is seen in what remains.
 */
export function peerRemovers(peers: ReadonlyMap<PeerName, Peer>): readonly Remover[] {
  const each = (column: number, words: string): string =>
    `cut -d" " -f${column} "$2" | xargs -P${atOnce} -I{} "$0" ${words}; true`;
  const scripts = new Map<PeerName, string>([
    ["crane", each(2, `delete "$1@{}"`)],
    ["skopeo", each(1, `--insecure-policy delete --tls-verify=false "docker://$1:{}"`)],
  ]);
  return [...scripts].flatMap(([name, script]) => {
    const peer = peers.get(name);
    if (peer === undefined) return [];
    return {
      name: `${name} delete, ${atOnce} processes at a time`,
      version: peer.version,
      ours: false,
      command: (at: Side, list: string): Command => ["bash", "-c", script, peer.command, address(at), list],
    };
  });
}

function address({ host, repository }: Side): string {
  return `${host}/${repository}`;
}
