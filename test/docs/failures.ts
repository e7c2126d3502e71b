import { renderError } from "../../cli/error-report.ts";
import { toImagesyncError } from "../../engine/errors.ts";
import type { Fault, Intercept } from "../acceptance/stage.ts";
import { invoke } from "../cli/invoke.ts";
import { buildImage } from "../support/images/index.ts";
import { type Hosts, openWorld, type World } from "../golden/world.ts";

/** The command that the guide's samples are of, but for those that say so. */
export const usualCommand: readonly string[] = [
  "imagesync",
  "copy",
  "docker.io/library/nginx:1.29",
  "registry.example.com/mirror/nginx:1.29",
];

/** How a code is provoked: what is wrong with the registries, with the command, or with what surrounds them. */
interface Failure {
  readonly hosts?: Hosts;
  /** At the source or the destination, with each request. */
  readonly source?: Intercept;
  readonly destination?: Intercept;
  readonly before?: (world: World) => Promise<unknown>;
  /** More words of the command line. */
  readonly more?: readonly string[];
  /** In place of the usual references. */
  readonly references?: readonly [source: string, destination: string];
  readonly environment?: Readonly<Record<string, string>>;
}

const image = buildImage({ seed: "failures", layers: [500, 2000] });

type Request = Parameters<Intercept>[0];

const wire = (status: number, code: string, message: string): Fault => ({
  respond: {
    status,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ errors: [{ code, message }] }),
  },
});

const onGet =
  (kind: Request["kind"], fault: Fault): Intercept =>
  (request) =>
    request.kind === kind && ["GET", "HEAD"].includes(request.method) ? fault : undefined;

const onWrite =
  (kind: Request["kind"], fault: Fault): Intercept =>
  (request) =>
    request.kind === kind && ["POST", "PUT", "PATCH"].includes(request.method) ? fault : undefined;

/** At one blob, as any of several could be the first to fail. */
const onLargest = (fault: Fault): Intercept => {
  const { digest } = image.blobs.at(-1) ?? image;
  return (request) => (request.kind === "blob" && request.reference === digest ? fault : undefined);
};

const document = (type: string, body: string): Fault => ({
  respond: { status: 200, headers: { "Content-Type": type }, body },
});

/** By code; `internal` has no command that provokes it, and `aborted` needs somebody who stops it. */
const failures: Readonly<Record<string, Failure>> = {
  "invalid-reference": { references: ["docker.io/library/NGINX:1.29", usualCommand[3] ?? ""] },
  config: { more: ["--platform", "amd64"] },
  "not-found": { references: ["docker.io/library/nginx:1.92", "registry.example.com/mirror/nginx:1.92"] },
  unauthorized: { hosts: { "registry.example.com": { auth: { kind: "basic", users: { robot: "secret" } } } } },
  denied: { destination: onWrite("upload", wire(403, "DENIED", "requested access to the resource is denied")) },
  "rate-limited": { source: onGet("manifest", wire(429, "TOOMANYREQUESTS", "You have reached your pull rate limit.")) },
  unavailable: { destination: onWrite("upload", { respond: { status: 503 } }) },
  timeout: { source: onGet("manifest", { respond: { status: 408 } }) },
  "digest-mismatch": { source: onLargest({ corruptByte: 7 }) },
  "size-mismatch": { source: onLargest(document("text/html", "<html>Sign in</html>")) },
  "unsupported-media-type": {
    source: onGet(
      "manifest",
      document("application/vnd.docker.distribution.manifest.v1+prettyjws", '{"schemaVersion":1}'),
    ),
  },
  unsupported: { more: ["--required-platform", "linux/s390x"] },
  "manifest-invalid": {
    source: onGet(
      "manifest",
      document("application/vnd.oci.image.manifest.v1+json", '{"schemaVersion":2,"config":{},"layers":[]}'),
    ),
  },
  conflict: {
    before: (world) => world.push("registry.example.com/mirror/nginx:1.29", "another image"),
    more: ["--on-conflict", "fail"],
  },
  immutable: { destination: onWrite("manifest", wire(409, "TAG_IMMUTABLE", "tag is immutable")) },
  quota: { destination: onWrite("upload", wire(403, "DENIED", "quota exceeded")) },
  tls: { environment: { SSL_CERT_FILE: "" } },
  "redirect-refused": {
    source: onLargest({ respond: { status: 307, headers: { Location: "http://cdn.example.net/blob" } } }),
  },
  protocol: { destination: onWrite("upload", { respond: { status: 200, headers: { "Content-Type": "text/html" } } }) },
  limit: { destination: onWrite("upload", { respond: { status: 413 } }) },
  credentials: { environment: { DOCKER_AUTH_CONFIG: '{"credHelpers": {"registry.example.com": "acme"}}' } },
};

/** What a failure of this code prints, and the exit code. @throws Error when there is no way to provoke it. */
export async function provoke(code: string): Promise<{ readonly code: number | undefined; readonly stderr: string }> {
  if (code === "internal") {
    const error = toImagesyncError(new TypeError("x is not a function"), "copy");
    return { code: undefined, stderr: renderError(error, {}) };
  }
  if (code === "aborted") return await provokeStop();
  const failure = failures[code];
  if (failure === undefined) throw new Error(`Nobody knows how to provoke ${code}`);
  const world = await openWorld({ "docker.io": {}, "registry.example.com": {}, ...failure.hosts });
  await world.push("docker.io/library/nginx:1.29", image);
  await failure.before?.(world);
  world.registry("docker.io").intercept = failure.source;
  world.registry("registry.example.com").intercept = failure.destination;
  const [, copy = "", ...usual] = usualCommand;
  const words = [copy, ...(failure.references ?? usual), ...(failure.more ?? []), "--retry-times", "0"];
  return await world.run(words, failure.environment);
}

/** Somebody stops the command when it has begun to send. */
async function provokeStop(): ReturnType<typeof provoke> {
  const world = await openWorld({ "docker.io": {}, "registry.example.com": {} });
  await world.push("docker.io/library/nginx:1.29", image);
  const stop = new AbortController();
  world.registry("registry.example.com").intercept = ({ kind }) => {
    if (kind === "upload") stop.abort();
    return undefined;
  };
  return await invoke(usualCommand.slice(1), { environment: world.environment, signal: stop.signal });
}
