/**
 * Replays how the provider terraform-provider-imagesync by sHesl removes images, request by request:
 * node replay-remove.mjs HOST:PORT/REPOSITORY FILE AT-ONCE
 * For every image it deletes the tag, lists the tags, reads the manifest of each, one after another, and deletes the
 * digest unless another tag has it; its client library asks /v2/ before everything. Layers are never looked at.
 *
 * The original stops where a registry does not delete by tag, as distribution 2.8. The replay goes on there as it would
 * elsewhere, else there was nothing to compare; an image that another tag shares then keeps its tag.
 */
import { readRemovals, removeEach } from "./deletes/removal-list.ts";

const [address = "", file = "", atOnce = "1"] = process.argv.slice(2);
const slash = address.indexOf("/");
const registry = `http://${address.slice(0, slash)}/v2/`;
const repository = `${registry}${address.slice(slash + 1)}`;

/** Every type that the original's library names. */
const accept = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
].join(",");

const failures = await removeEach(await readRemovals(file), Number(atOnce), async ({ tag, digest }) => {
  const untagged = await ask("DELETE", `manifests/${tag}`);
  for (const other of await tags()) {
    if (other === tag && !untagged.ok) continue;
    const manifest = await ask("GET", `manifests/${other}`);
    if (!manifest.ok) throw new Error(`manifest of ${other}: status ${manifest.status}`);
    if (manifest.headers.get("docker-content-digest") === digest) return;
  }
  const deleted = await ask("DELETE", `manifests/${digest}`);
  if (!deleted.ok) throw new Error(`DELETE of ${digest}: status ${deleted.status}`);
});
process.stderr.write(`${failures} failed\n`);

async function tags(): Promise<readonly string[]> {
  const answer = await ask("GET", "tags/list?n=1000");
  if (!answer.ok) throw new Error(`tags: status ${answer.status}`);
  return (JSON.parse(answer.text) as { tags: string[] | null }).tags ?? [];
}

interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(method: string, path: string): Promise<Answer> {
  await (await fetch(registry)).text();
  const response = await fetch(`${repository}/${path}`, { method, headers: { accept } });
  const { ok, status, headers } = response;
  return { ok, status, headers, text: await response.text() };
}
