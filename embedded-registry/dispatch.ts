import { deleteBlob, getBlob } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { deleteManifest, getManifest, putManifest } from "./manifests.ts";
import { listReferrers } from "./referrers.ts";
import { jsonReply, type Reply } from "./reply.ts";
import type { RouteKind } from "./router.ts";
import { listTags } from "./tags.ts";
import { beginUpload, cancelUpload, continueUpload, finishUpload, uploadStatus } from "./uploads.ts";

type Handler = (registry: Registry, exchange: Exchange) => Promise<Reply>;

const base: Handler = async () => jsonReply({});

/** Every method of every route: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints */
const HANDLERS: Readonly<Record<Exclude<RouteKind, "token">, ReadonlyMap<string, Handler>>> = {
  base: new Map([
    ["GET", base],
    ["HEAD", base],
  ]),
  manifest: new Map([
    ["GET", getManifest],
    ["HEAD", getManifest],
    ["PUT", putManifest],
    ["DELETE", deleteManifest],
  ]),
  blob: new Map([
    ["GET", getBlob],
    ["HEAD", getBlob],
    ["DELETE", deleteBlob],
  ]),
  upload: new Map([
    ["POST", beginUpload],
    ["PATCH", continueUpload],
    ["PUT", finishUpload],
    ["GET", uploadStatus],
    ["DELETE", cancelUpload],
  ]),
  tags: new Map([["GET", listTags]]),
  referrers: new Map([["GET", listReferrers]]),
  unknown: new Map(),
};

/** Does what the request asks for, after authentication. @throws RegistryError for every refusal. */
export async function dispatch(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { kind, reference } = exchange.route;
  const method = exchange.request.method ?? "";
  if (kind === "unknown" || kind === "token")
    throw new RegistryError("UNSUPPORTED", "No such address", { status: 404 });
  const handler = HANDLERS[kind].get(method);
  // A new upload has no identifier yet, every other step needs one.
  const misplaced = kind === "upload" && (method === "POST") !== (reference === "");
  if (handler === undefined || misplaced) {
    throw new RegistryError("UNSUPPORTED", `${method} is not supported here`, {
      headers: { Allow: [...HANDLERS[kind].keys()].join(", ") },
    });
  }
  refuseWrites(registry, exchange, method);
  return handler(registry, exchange);
}

function refuseWrites(registry: Registry, exchange: Exchange, method: string): void {
  const { kind } = exchange.route;
  if (registry.options.readOnly && method !== "GET" && method !== "HEAD") {
    throw new RegistryError("UNSUPPORTED", "The registry is read-only");
  }
  if (!registry.options.allowDelete && method === "DELETE" && kind !== "upload") {
    throw new RegistryError("UNSUPPORTED", "Deletion is disabled");
  }
}
