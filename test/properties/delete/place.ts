import type { RegistryOptions } from "../../../embedded-registry/index.ts";
import { type Handling, memoryStorage, type RunningRegistry, startRegistry } from "../../../embedded-registry/index.ts";
import { push, type TestManifest } from "../../support/images/index.ts";
import { Gate } from "./gate.ts";
import { type Witness, storageWitness } from "./witness.ts";

/** Where the repositories of many cases are: two doors to one registry, and the source of our images. */
export interface Place {
  /** A repository that nobody has used yet. */
  open(): Repository;
  readonly source: Source;
  close(): Promise<void>;
}

/** The repository of one case. */
export interface Repository {
  readonly name: string;
  /** Our door: each request passes the gate. */
  readonly host: string;
  /** Everybody else's. */
  readonly backHost: string;
  readonly gate: Gate;
  readonly witness: Witness;
}

/** A registry with everything that we may want to copy. */
export interface Source {
  readonly host: string;
  readonly repository: string;
  offer(image: TestManifest): Promise<void>;
}

/** A registry in memory with those customs. */
export async function openPlace(options: RegistryOptions): Promise<Place> {
  const storage = memoryStorage();
  const gates = new Map<string, Gate>();
  const back = await startRegistry({ ...options, storage });
  const front = await startRegistry({ ...options, storage, handling: gated(gates) });
  const source = await openSource();
  let opened = 0;
  return {
    source,
    open() {
      opened += 1;
      const name = `team/app-${opened}`;
      const gate = new Gate();
      gates.set(name, gate);
      return { name, host: front.host, backHost: back.host, gate, witness: storageWitness(storage, name) };
    },
    async close() {
      await Promise.all([front.close(), back.close(), source.close()]);
    },
  };
}

/** Sends the requests to a repository through its gate; its process is told by the user agent. */
export function gated(gates: ReadonlyMap<string, Gate>): Handling {
  return async ({ route, request, query }, next) => {
    const gate = gates.get(route.repository);
    if (gate === undefined) return await next();
    const process = request.headers["user-agent"] ?? "";
    const { kind, reference } = route;
    return await gate.pass(process, { method: request.method ?? "", kind, reference, query }, next);
  };
}

/** Starts a source. Images stay there: many cases copy the same ones. */
export async function openSource(): Promise<Source & { close(): Promise<void> }> {
  const registry: RunningRegistry = await startRegistry();
  const repository = "from/app";
  const offered = new Set<string>();
  return {
    host: registry.host,
    repository,
    async offer(image) {
      if (offered.has(image.digest)) return;
      await push(image, { host: registry.host, repository, present: offered });
      offered.add(image.digest);
    },
    close: () => registry.close(),
  };
}
