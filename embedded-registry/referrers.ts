import { buffer } from "node:stream/consumers";
import { requireDigest } from "./blobs.ts";
import type { Exchange, Registry } from "./exchange.ts";
import { readManifest, type ManifestDocument, type ReferencedContent } from "./manifest-document.ts";
import { jsonReply, type Reply } from "./reply.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

/**
 * GET: an index of what refers to a digest, which need not exist.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(registry: Registry, exchange: Exchange): Promise<Reply> {
  const { repository, reference: subject } = exchange.route;
  if (!registry.options.referrersApi) {
    return { status: 404, headers: { "Content-Type": "text/plain" }, body: Buffer.from("404 page not found\n") };
  }
  requireDigest(subject);
  const wanted = exchange.query.get("artifactType");
  const manifests: ReferrerDescriptor[] = [];
  for (const digest of (await registry.storage.keys(repository, `referrers/${subject}`)).sort()) {
    const descriptor = await registry.storage.get(repository, `referrers/${subject}`, digest);
    if (descriptor === undefined) continue;
    const referrer = JSON.parse(descriptor) as ReferrerDescriptor;
    if (wanted === null || referrer.artifactType === wanted) manifests.push(referrer);
  }
  return jsonReply(
    { schemaVersion: 2, mediaType: INDEX, manifests },
    { "Content-Type": INDEX, ...(wanted === null ? {} : { "OCI-Filters-Applied": "artifactType" }) },
  );
}

/** Lists a pushed manifest under its subject. */
export async function rememberReferrer(
  registry: Registry,
  repository: string,
  subject: string,
  referrer: ReferencedContent & { readonly document: ManifestDocument },
): Promise<void> {
  const { mediaType, digest, size, document } = referrer;
  const descriptor: ReferrerDescriptor = {
    mediaType,
    digest,
    size,
    ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
    ...(document.annotations === undefined ? {} : { annotations: document.annotations }),
  };
  await registry.storage.set(repository, `referrers/${subject}`, digest, JSON.stringify(descriptor));
}

/** Takes a manifest that is about to be deleted off the list of its subject. */
export async function forgetReferrer(
  registry: Registry,
  repository: string,
  digest: string,
  mediaType: string,
): Promise<void> {
  if ((await registry.storage.size(digest)) === undefined) return;
  const { subject } = readManifest(await buffer(registry.storage.open(digest)), mediaType);
  if (subject !== undefined) await registry.storage.remove(repository, `referrers/${subject}`, digest);
}

interface ReferrerDescriptor extends ReferencedContent {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}
