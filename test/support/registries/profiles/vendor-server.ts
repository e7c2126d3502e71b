import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Api, Intercept } from "../../../../embedded-registry/index.ts";
import { listen, type ListeningServer } from "../listening-server.ts";
import type { ProfileRequest } from "./profile.ts";
import { json } from "./refusal.ts";

/** A vendor's API on a host of its own. */
export interface VendorServer extends ListeningServer {
  /** In the order of their arrival. */
  readonly requests: ProfileRequest[];
  /** Answers in the API's place; other faults are for registries. */
  intercept: Intercept | undefined;
}

/** Serves an API; what it does not know is 404. `api` is asked for anew with each request. */
export async function serveApi(api: () => Api): Promise<VendorServer> {
  const requests: ProfileRequest[] = [];
  const server = createServer((request, response) => {
    answer(interceptable(api(), running.intercept), request, response, requests).catch(() => response.destroy());
  });
  const running: VendorServer = { ...(await listen(server)), requests, intercept: undefined };
  return running;
}

function interceptable(api: Api, intercept: Intercept | undefined): Api {
  return (call) => {
    const { method, path, headers } = call;
    const fault = intercept?.({ kind: "unknown", repository: "", reference: "", method, path, headers });
    const body = fault?.respond?.body;
    if (fault?.respond === undefined) return api(call);
    return Promise.resolve({ ...fault.respond, body: Buffer.from(body ?? "") });
  };
}

async function answer(
  api: Api,
  request: IncomingMessage,
  response: ServerResponse,
  requests: ProfileRequest[],
): Promise<void> {
  const address = request.url ?? "";
  const method = request.method ?? "";
  const entry = { method, path: address, status: 0, kind: "vendor" as const };
  requests.push(entry);
  const mark = address.includes("?") ? address.indexOf("?") : address.length;
  const reply =
    (await api({
      method,
      path: address.slice(0, mark),
      query: new URLSearchParams(address.slice(mark + 1)),
      headers: request.headers,
      body: () => buffer(request),
      authorize: () => ({ allows: () => false }),
    })) ?? json(404, { message: "Not Found" });
  entry.status = reply.status;
  response.writeHead(reply.status, reply.headers);
  response.end(Buffer.isBuffer(reply.body) ? reply.body : undefined);
}
