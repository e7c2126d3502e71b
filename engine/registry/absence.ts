import { SingleFlight } from "../concurrency/single-flight.ts";
import { untilStopped } from "../concurrency/until-stopped.ts";
import { type ErrorCode, ImagesyncError } from "../errors.ts";
import type { HttpResponse } from "../http/message.ts";
import { baseMediaType } from "../oci/media-types.ts";
import { discardBody } from "./body.ts";
import { askSupport, supportRefusal, type Transport } from "./registry.ts";

/** Every registry says it of itself since the first of them, most of them in every answer. */
const versionHeader = "docker-distribution-api-version";

/** Who asks for a login, or refuses one, has something behind it. */
const guarded: ReadonlySet<ErrorCode> = new Set(["unauthorized", "denied", "credentials"]);

/** What one client knows of hosts. */
interface Memory {
  readonly registries: Set<string>;
  readonly asking: SingleFlight<string, boolean>;
}

const memories = new WeakMap<Transport, Memory>();

/**
 * What an answer of "not found" means. A web server in the registry's place, such as a proxy's page or a wrong address,
 * says it to everything: who believes that takes all images for gone. An answer in the form of a registry is believed;
 * otherwise the host is asked once whether it is one, by the request that the specification has for that.
 * @returns the error as it is, or `protocol` where no registry has answered
 * @throws what keeps the host from being asked: then nothing is known
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#determining-support
 */
export async function believedAbsence(
  error: ImagesyncError,
  response: HttpResponse,
  { transport, registry }: { readonly transport: Transport; readonly registry: string },
  signal: AbortSignal | undefined,
): Promise<ImagesyncError> {
  if (error.code !== "not-found" || (error.registryCode ?? "") !== "") return error;
  if (response.headers.get(versionHeader) !== undefined) return error;
  const memory = memories.get(transport) ?? { registries: new Set(), asking: new SingleFlight() };
  memories.set(transport, memory);
  if (memory.registries.has(registry)) return error;
  const found = await untilStopped(
    memory.asking.run(registry, () => isRegistry(transport, registry)),
    signal,
  );
  // Only this is remembered: what is none now may be a page that is shown while the registry is away.
  if (found) memory.registries.add(registry);
  if (found) return error;
  return new ImagesyncError({
    ...error.fields,
    code: "protocol",
    registry,
    registryCode: undefined,
    hint: notARegistry,
    cause: undefined,
  });
}

const notARegistry =
  "No registry has answered, but a web server that has nothing at /v2/ either: correct the address, or look at the proxy before the registry";

async function isRegistry(transport: Transport, registry: string): Promise<boolean> {
  try {
    const response = await askSupport(transport, registry);
    const { status, headers } = response;
    if (status >= 500 || status === 429) throw await supportRefusal(response, registry);
    discardBody(response);
    if (headers.get(versionHeader) !== undefined || headers.get("www-authenticate") !== undefined) return true;
    // Pages for people are what web servers say of everything.
    return status !== 404 && status !== 410 && baseMediaType(headers.get("content-type")) !== "text/html";
  } catch (error) {
    if (error instanceof ImagesyncError && guarded.has(error.code)) return true;
    throw error;
  }
}
