import { isIPv6 } from "node:net";
import { ImagesyncError } from "../errors.ts";
import { type Digest, isDigest, quote } from "./digest.ts";
import { withoutLoginBeforeHost } from "./login-in-text.ts";

/** A repository on a registry, canonical: what caches and authentication are keyed by. */
export interface RepositoryName {
  /** `host[:port]`, lower case; Docker Hub is always `docker.io`. */
  readonly registry: string;
  /** The path, such as `library/nginx`. */
  readonly repository: string;
}

/**
 * An image reference. The canonical parts serve as keys; `spelled` keeps how the user wrote the repository, because
 * that is what identifiers in state and manifests of deployments show.
 */
export interface Reference extends RepositoryName {
  readonly tag?: string | undefined;
  readonly digest?: Digest | undefined;
  /** The repository as the user wrote it, without tag and digest: `nginx`, `registry.hub.docker.com/library/nginx`. */
  readonly spelled: string;
}

/** The names people write for Docker Hub. `registry.hub.docker.com` is what older provider states contain. */
const dockerHubAliases: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.hub.docker.com",
  "hub.docker.com",
]);

/** Docker clients refuse longer names: https://github.com/distribution/reference/blob/v0.6.0/reference.go#L39 */
const maxNameLength = 255;
const maxReferenceLength = maxNameLength + 1 + 128 + 1 + 7 + 128;

const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** What a tag looks like, for people. */
export const tagGrammar =
  "A tag has letters, digits, underscores, periods and dashes, at most 128, and starts with none of the last two";
const hostLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads `[registry/]repository[:tag][@digest]`. Without a registry it is Docker Hub; a one-component path there is
 * `library/…`. Tag and digest stay absent when they are not written: {@link tagOrLatest} supplies the default.
 * @throws `invalid-reference` with the offending part and the expected form.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
export function parseReference(text: string): Reference {
  if (text === "")
    throw invalid(text, "it is empty", "Write it as registry/repository:tag, for example ghcr.io/acme/app:1.2");
  if (text.length > maxReferenceLength)
    throw invalid(text, `it has ${text.length} characters, ${maxReferenceLength} are possible`);
  const masked = withoutLoginBeforeHost(text);
  if (masked !== undefined)
    throw invalid(
      masked,
      "a login cannot stand in it",
      "Leave it out: logins are read from where docker login keeps them, from flags or from the configuration",
    );
  const scheme = /^[a-z][a-z0-9+-]*:\/\//i.exec(text);
  if (scheme)
    throw invalid(
      text,
      `it starts with a scheme, "${scheme[0]}"`,
      "Write it without the scheme: registry/repository:tag",
    );
  const strange = /[^A-Za-z0-9._\-/:@[\]]/.exec(text);
  if (strange) throw invalid(text, `the character ${quote(strange[0])} cannot stand in a reference`);

  const { name, digest } = splitDigest(text);
  const { spelled, tag } = splitTag(name, text);
  const { registry, path } = splitRegistry(spelled, text);
  checkPath(path, text);
  const repository = registry === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  if (registry.length + 1 + repository.length > maxNameLength) {
    throw invalid(text, `the name is longer than ${maxNameLength} characters`);
  }
  return {
    registry,
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
    spelled,
  };
}

/** Reads the name of a repository, without tag and digest. @throws `invalid-reference`. */
export function parseRepository(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw invalid(text, "it names a tag or a digest", "Write the repository alone: registry/repository");
  }
  return reference;
}

/** The reference in the user's spelling, tag and digest included. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${reference.spelled}${tag}${digest}`;
}

/** `repository@digest` in the user's spelling: the form in which a Deployment runs an image. */
export function pinned(reference: Reference, digest: Digest): string {
  return `${reference.spelled}@${digest}`;
}

/** The same reference, by this digest and without the tag. */
export function atDigest(reference: Reference, digest: Digest): Reference {
  return { registry: reference.registry, repository: reference.repository, spelled: reference.spelled, digest };
}

/** The canonical text: equal for two references exactly if they name the same thing. */
export function canonicalReference(reference: Reference): string {
  const name = `${reference.registry}/${reference.repository}`;
  if (reference.digest !== undefined) {
    return reference.tag === undefined ? `${name}@${reference.digest}` : `${name}:${reference.tag}@${reference.digest}`;
  }
  return `${name}:${tagOrLatest(reference)}`;
}

/** The tag, `latest` when neither a tag nor a digest is written, as every client does. */
export function tagOrLatest(reference: Reference): string | undefined {
  if (reference.tag !== undefined) return reference.tag;
  return reference.digest === undefined ? "latest" : undefined;
}

/** What stands behind `/manifests/` in the API: the digest where there is one, else the tag. */
export function manifestKey(reference: Reference): string {
  return reference.digest ?? tagOrLatest(reference) ?? "latest";
}

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

function splitDigest(text: string): { name: string; digest: Digest | undefined } {
  const at = text.indexOf("@");
  if (at < 0) return { name: text, digest: undefined };
  const digest = text.slice(at + 1);
  if (!isDigest(digest)) {
    throw invalid(
      text,
      `${quote(digest)} is not a digest`,
      "A digest is sha256: and 64 lower-case hexadecimal digits, or sha512: and 128",
    );
  }
  return { name: text.slice(0, at), digest };
}

/** A colon is a tag only behind the last slash: `localhost:5000/app` has none. */
function splitTag(name: string, text: string): { spelled: string; tag: string | undefined } {
  const slash = name.lastIndexOf("/");
  const colon = name.indexOf(":", slash + 1);
  if (colon < 0) return { spelled: name, tag: undefined };
  const tag = name.slice(colon + 1);
  if (!tagPattern.test(tag)) {
    throw invalid(text, `${quote(tag)} is not a tag`, tagGrammar);
  }
  return { spelled: name.slice(0, colon), tag };
}

/** The first component is a registry if no repository could be spelled like it. */
function splitRegistry(spelled: string, text: string): { registry: string; path: string } {
  const slash = spelled.indexOf("/");
  const first = slash < 0 ? "" : spelled.slice(0, slash);
  const isHost = /[.:[\]A-Z]/.test(first) || first === "localhost";
  if (!isHost) return { registry: "docker.io", path: spelled };
  const registry = first.toLowerCase();
  checkHost(registry, text);
  return { registry: dockerHubAliases.has(registry) ? "docker.io" : registry, path: spelled.slice(slash + 1) };
}

/** Checks `host`, `host:port`, `[ipv6]`, `[ipv6]:port`. @throws `invalid-reference` */
function checkHost(host: string, text: string): void {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(host);
  const name = match?.[1] ?? "";
  const port = match?.[2];
  const valid = name.startsWith("[")
    ? isIPv6(name.slice(1, -1))
    : name !== "" && name.split(".").every((label) => hostLabel.test(label));
  if (!match || !valid) throw invalid(text, `${quote(host)} is not a registry host`);
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) throw invalid(text, `${port} is not a port`);
}

function checkPath(path: string, text: string): void {
  if (path === "") throw invalid(text, "the repository is missing", "Write it as registry/repository:tag");
  for (const component of path.split("/")) {
    if (pathComponent.test(component)) continue;
    const upper = /[A-Z]/.test(component);
    throw invalid(
      text,
      component === "" ? "a part of the repository is empty" : `${quote(component)} cannot be a part of a repository`,
      upper
        ? "Repositories are written in lower case"
        : "Parts have lower-case letters and digits, with single periods, one or two underscores or dashes between them",
    );
  }
}

function invalid(
  text: string,
  why: string,
  hint = "Write it as registry/repository:tag or registry/repository@sha256:…",
): ImagesyncError {
  return new ImagesyncError({
    code: "invalid-reference",
    operation: "read a reference",
    message: `Invalid image reference ${quote(text)}: ${why}`,
    hint,
  });
}
