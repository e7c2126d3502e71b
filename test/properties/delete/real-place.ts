import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Handling, type Reply, startRegistry } from "../../../embedded-registry/index.ts";
import { exchange } from "../../support/images/index.ts";
import { startDockerRegistry } from "../../support/registries/index.ts";
import { Gate } from "./gate.ts";
import { gated, openSource, type Place } from "./place.ts";
import { httpWitness } from "./witness.ts";

/** Belongs to one connection, and not to the answer. */
const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);

/** A real docker-registry. Our door to it is a server with gates that only passes requests on. */
export async function openRealPlace(): Promise<Place> {
  const real = await startDockerRegistry();
  const gates = new Map<string, Gate>();
  const passOn: Handling = async ({ request, body }) => {
    const content = await buffer(body);
    const { "transfer-encoding": _, ...headers } = request.headers;
    const sent = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      typeof value === "string" ? [[name, value]] : [],
    );
    const answer = await exchange(
      { host: real.host },
      {
        method: request.method ?? "",
        target: request.url ?? "",
        headers: Object.fromEntries(sent),
        body: [content],
      },
    );
    return replyOf(answer);
  };
  const gate = gated(gates);
  const front = await startRegistry({ handling: (asked, next) => gate(asked, () => passOn(asked, next)) });
  const source = await openSource();
  let opened = 0;
  return {
    source,
    open() {
      opened += 1;
      const name = `team/app-${opened}`;
      const own = new Gate();
      gates.set(name, own);
      const tags = join(real.storageDirectory, "docker/registry/v2/repositories", name, "_manifests/tags");
      const witness = httpWitness(real.host, name, (tag) => rm(join(tags, tag), { recursive: true }));
      return { name, host: front.host, backHost: real.host, gate: own, witness };
    },
    async close() {
      await Promise.all([front.close(), source.close()]);
      await real.close();
    },
  };
}

/** Header names are written as our own server writes its: it would not see that it sends one twice. */
function replyOf({ status, headers, body }: Awaited<ReturnType<typeof exchange>>): Reply {
  const passed = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" && !hopByHop.has(name)
      ? [[name.replaceAll(/(?:^|-)./g, (letters) => letters.toUpperCase()), value]]
      : [],
  );
  return { status, headers: Object.fromEntries(passed), body };
}
