import { vendors } from "../../engine/index.ts";
import type {
  ConfigDocument,
  DeletionKeys,
  ImageEntry,
  LimitKeys,
  PlaceKeys,
  PolicyKeys,
  RegistryEntry,
  RepositoryEntry,
} from "./document.ts";
import type { JsonSchema } from "./json-schema.ts";
import { type Fields, map, record } from "./record.ts";
import { secret, textOrSecret } from "./secret.ts";
import { choice, flag, list, number, type Shape, text } from "./shape.ts";

const reference = "registry/repository:tag";
const tag: Shape<string> = text({
  pattern: /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
  form: "a tag (letters, digits, underscores, periods and dashes)",
});
const platform: Shape<string> = text({
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*){1,2}$/,
  form: "os/architecture or os/architecture/variant",
});
const address: Shape<string> = text({
  pattern: /^[A-Za-z0-9.:_[\]-]+(?:\/[a-z0-9][a-z0-9._-]*)*$/,
  form: "host, host:port or host/path, without a scheme",
});
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

const registry: Fields<RegistryEntry> = {
  address: {
    required: true,
    shape: address,
    description: "host or host:port; with a path behind it the entry is a login for the repositories below that path.",
  },
  plain_http: { shape: flag, description: "Speak HTTP without encryption. Defaults to false." },
  insecure_skip_verify: { shape: flag, description: "Accept any certificate. Defaults to false." },
  ca_certificate_file: {
    shape: text(),
    description: "PEM file with certificates to trust besides the system's, relative to the configuration's folder.",
  },
  client_certificate_file: {
    shape: text(),
    description: "PEM file with the certificate to show, together with client_key_file.",
  },
  client_key_file: { shape: text(), description: "PEM file with the key of client_certificate_file." },
  mirrors: {
    shape: list(address),
    description:
      "Where to pull from before this registry is asked, in order; http:// before one that speaks plain HTTP. Defaults to none.",
  },
  proxy_url: {
    shape: textOrSecret(
      text({
        pattern: /^[^@\s]+$/,
        form: "an address without a login; name one that has a login by {env: NAME}",
        hidden: true,
      }),
    ),
    description: "Proxy for this registry: http://host:port, or where it is written when it has a login.",
  },
  headers: {
    shape: map(textOrSecret(text({ empty: true })), headerName),
    description: "Headers for every request to this registry. Secret ones are named by {env: NAME} or {file: PATH}.",
  },
  max_concurrent_requests: {
    shape: number({ min: 1, max: 1000 }),
    description: "How many requests the registry gets at the same time. Defaults to 32.",
  },
  requests_per_second: {
    shape: number({ min: 0, max: 10_000, fraction: true }),
    description: "How many requests to the registry begin in a second. Defaults to 0, no limit.",
  },
  vendor: { shape: choice(...vendors), description: "Family of the registry, where its host name does not tell." },
  api_url: { shape: text(), description: "Address of the vendor's own API, where it is not the well-known one." },
  username: { shape: textOrSecret(text()), description: "User or robot account, together with password." },
  password: { shape: secret, description: "Password or access token." },
  identity_token: { shape: secret, description: "OAuth2 refresh token, in place of username and password." },
  registry_token: { shape: secret, description: "Bearer token sent as it is, in place of username and password." },
  credential_helper: {
    shape: text({ pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/, form: "the name of a credential helper" }),
    description: "Credential helper of docker to ask for the login: ecr-login is docker-credential-ecr-login.",
  },
  auth_disabled: { shape: flag, description: "Ask this address without a login. Defaults to false." },
};

const policy: Fields<PolicyKeys> = {
  platforms: { shape: list(platform), description: "Copy only these platforms. Defaults to the whole image as it is." },
  required_platforms: { shape: list(platform), description: "Copy nothing unless the source offers all of these." },
  integrity_check: {
    shape: choice("tag", "manifests", "blobs"),
    description: "How deep an image that is in place is examined for missing content. Defaults to tag.",
  },
  create_repository: {
    shape: flag,
    description: "Create the destination's repository where a push does not (Amazon ECR). Defaults to true.",
  },
  on_conflict: {
    shape: choice("overwrite", "keep", "fail"),
    description: "What happens to a destination tag that holds something else. Defaults to overwrite.",
  },
  replace_tag: {
    shape: flag,
    description:
      "Follow tags that have moved at the source. With false only missing tags are copied. Defaults to true.",
  },
  same_image: {
    shape: choice("digest", "image-id"),
    description:
      "When two images are the same: by digest, or also by the image ID that docker shows. Defaults to digest.",
  },
  referrers: {
    shape: flag,
    description: "Copy signatures, SBOMs and attestations with their image. Defaults to true.",
  },
  artifact_types: {
    shape: list(text()),
    description: "Only referrers of these artifact types. Defaults to all of them.",
  },
};

/** It gets into logs and into the labels of metrics, whose readers go by lines. */
const entryName: Shape<string> = text({
  // oxlint-disable-next-line no-control-regex -- in a form that the regular expressions of every editor read
  pattern: /^[^\x00-\x1f\x7f-\x9f]*$/,
  form: "a text without line breaks and other control characters",
});

const place: Fields<PlaceKeys> = {
  name: { shape: entryName, description: "What messages call the entry. Defaults to the destination." },
  source: { required: true, shape: text(), description: "Where to copy from." },
  destination: { required: true, shape: text(), description: "Where to copy to." },
};

const image: Shape<ImageEntry> = record<ImageEntry>({
  ...place,
  source: { ...place.source, description: `What to copy: ${reference} or a digest reference.` },
  destination: { ...place.destination, description: `Where it shall be: ${reference}.` },
  additional_tags: { shape: list(tag), description: "Further tags for the image at the destination." },
  ...policy,
});

const globs = list(text());

const deletions: Shape<DeletionKeys> = record<DeletionKeys>({
  max_share: {
    shape: number({ min: 0, max: 1, fraction: true }),
    description: "Delete nothing when more than this share of the destination's tags would go. Defaults to 0.5.",
  },
  protect: { shape: globs, description: "Globs of tags that stay. Defaults to none." },
  allow_empty_source: {
    shape: flag,
    description: "Delete also when the selection finds nothing at the source. Defaults to false.",
  },
});

const repository: Shape<RepositoryEntry> = record<RepositoryEntry>({
  ...place,
  source: { ...place.source, description: "Repository to copy from: registry/repository." },
  destination: { ...place.destination, description: "Repository to copy to: registry/repository." },
  tags: { shape: list(tag, { least: 1 }), description: "These tags, by name. Defaults to a look at all of them." },
  mode: {
    shape: choice("highest", "higher", "semver", "all"),
    description:
      "highest: the highest version; higher: versions above the destination's highest; semver: every version; all: every tag. Defaults to all.",
  },
  allow_prerelease: { shape: flag, description: "Whether versions like 1.2.3-rc1 count. Defaults to false." },
  compatibility: {
    shape: text({ empty: true }),
    description: "Only versions whose part behind the dash is exactly this, such as alpine.",
  },
  pinned_major: { shape: number({ min: 0, max: 1024 }), description: "Only versions of this major number." },
  range: { shape: text(), description: 'Only versions in this range, such as ">=1.2 <3".' },
  include: { shape: globs, description: "Globs: a tag must match one of these or of include_regex." },
  exclude: { shape: globs, description: "Globs: a tag must match none of these." },
  include_regex: { shape: globs, description: "Regular expressions for the whole tag, in RE2's syntax." },
  exclude_regex: { shape: globs, description: "Regular expressions: a tag must match none of these." },
  keep_latest: {
    shape: number({ min: 1, max: 1_000_000 }),
    description: "Only the highest so many of what is left.",
  },
  higher_on_empty: {
    shape: choice("none", "highest", "all"),
    description: "What higher takes while the destination has no version. Defaults to none.",
  },
  deletions: {
    shape: deletions,
    description: "Delete tags at the destination that the selection no longer has. Without it they stay.",
  },
  ...policy,
});

const limits: Shape<LimitKeys> = record<LimitKeys>({
  max_parallel_transfers: {
    shape: number({ min: 1, max: 10_000 }),
    description: "How many blobs move at the same time. Defaults to 30.",
  },
  max_bandwidth: {
    shape: text({ pattern: /^[0-9]{1,12}(?:\.[0-9]{1,6})? ?(?:[kKMG]i?B|B)$/, form: "a size such as 50MiB" }),
    description: "Bytes in a second for everything received and sent together, such as 50MiB. Defaults to no limit.",
  },
});

/** Always 1: another number would be another format. */
const formatVersion: Shape<1> = {
  schema: { const: 1 },
  read: (node, reading, name) => (number({ min: 1, max: 1 }).read(node, reading, name) === 1 ? 1 : undefined),
};

/** The native file. Top-level keys that begin with `x-` are ignored: they hold anchors. */
export const nativeShape: Shape<ConfigDocument> = record<ConfigDocument>(
  {
    version: { required: true, shape: formatVersion, description: "Version of the format." },
    registries: { shape: list(record(registry)), description: "How registries are reached, and logins." },
    defaults: { shape: record(policy), description: "How images are copied, unless an entry says otherwise." },
    images: { shape: list(image), description: "Images to copy, one tag each." },
    repositories: { shape: list(repository), description: "Repositories to copy many tags of." },
    limits: { shape: limits, description: "Limits of the whole run." },
    lock_file: {
      shape: text(),
      description: "File that remembers the digests tags have had, relative to the configuration's folder.",
    },
    on_retag: {
      shape: choice("warn", "fail", "accept"),
      description: "What happens when the source has moved a tag that the lock file knows. Defaults to warn.",
    },
    fail_fast: { shape: flag, description: "Stop at the first image that fails. Defaults to false." },
  },
  { ignored: /^x-/ },
);

/** The published JSON Schema of the native file. */
export const nativeSchema: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: "urn:imagesync:config:1",
  title: "imagesync.yaml",
  description: "What imagesync sync and imagesync plan read.",
  ...nativeShape.schema,
};
