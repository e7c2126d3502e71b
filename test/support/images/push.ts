import type { TestBlob } from "./blob.ts";
import { type Endpoint, exchange, expectStatus } from "./exchange.ts";
import type { TestManifest } from "./manifest.ts";

/** Where an image goes. */
export interface PushTarget extends Endpoint {
  readonly repository: string;
  /** Without a tag the top manifest is pushed by its digest. */
  readonly tag?: string;
  /** Digests that are there already; what is pushed is added. Shared between pushes it saves the layers they share. */
  readonly present?: Set<string>;
}

/** Pushes an image: its blobs, its children, itself. Independent of the engine. @throws when the registry refuses. */
export async function push(image: TestManifest, target: PushTarget): Promise<void> {
  const present = target.present ?? new Set<string>();
  await pushContent(image, target, present);
  await pushManifest(image, target, target.tag ?? image.digest);
}

async function pushContent(image: TestManifest, target: PushTarget, present: Set<string>): Promise<void> {
  for (const blob of image.blobs) {
    if (present.has(blob.digest)) continue;
    await pushBlob(blob, target);
    present.add(blob.digest);
  }
  for (const child of image.children) {
    if (present.has(child.digest)) continue;
    await pushContent(child, target, present);
    await pushManifest(child, target, child.digest);
    present.add(child.digest);
  }
}

/** Pushes one blob by an upload session and a single PUT, streamed. */
export async function pushBlob(blob: TestBlob, target: PushTarget): Promise<void> {
  const started = await exchange(target, {
    method: "POST",
    target: `/v2/${target.repository}/blobs/uploads/`,
    headers: { "content-length": 0 },
  });
  expectStatus(started, [202], `Start of an upload to ${target.repository}`);
  const session = started.headers.location ?? "";
  const stored = await exchange(target, {
    method: "PUT",
    target: `${session}${session.includes("?") ? "&" : "?"}digest=${encodeURIComponent(blob.digest)}`,
    headers: { "content-type": "application/octet-stream", "content-length": blob.size },
    body: blob.open(),
  });
  expectStatus(stored, [201], `Upload of ${blob.digest} to ${target.repository}`);
}

/** Pushes a manifest whose content is there. `reference` is a tag or the digest. */
async function pushManifest(manifest: TestManifest, target: PushTarget, reference: string): Promise<void> {
  const stored = await exchange(target, {
    method: "PUT",
    target: `/v2/${target.repository}/manifests/${reference}`,
    headers: { "content-type": manifest.mediaType, "content-length": manifest.bytes.length },
    body: [manifest.bytes],
  });
  expectStatus(stored, [201], `Push of ${target.repository}:${reference}`);
}
