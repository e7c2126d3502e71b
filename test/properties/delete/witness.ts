import { buffer } from "node:stream/consumers";
import type { Storage } from "../../../embedded-registry/index.ts";
import { digestOf, exchange, type TestManifest, types } from "../../support/images/index.ts";

/** Looks into one repository without the engine. */
export interface Witness {
  /** Tag → digest, all of them. */
  tags(): Promise<ReadonlyMap<string, string>>;
  /** What is stored under a digest; undefined when the repository does not have it. */
  read(kind: "manifest" | "blob", digest: string): Promise<Buffer | undefined>;
  /** Takes a tag away as its registry's administrator does, whatever clients may do. */
  dropTag(tag: string): Promise<void>;
}

/** Looks into the storage of an embedded registry: hundreds of cases read everything after each step. */
export function storageWitness(storage: Storage, repository: string): Witness {
  return {
    async tags() {
      const names = await storage.keys(repository, "tags");
      return new Map(
        await Promise.all(
          names.map(async (tag) => [tag, (await storage.get(repository, "tags", tag)) ?? "nothing"] as const),
        ),
      );
    },
    async read(kind, digest) {
      const shelf = kind === "manifest" ? "manifests" : "layers";
      if ((await storage.get(repository, shelf, digest)) === undefined) return undefined;
      return (await storage.size(digest)) === undefined ? undefined : await buffer(storage.open(digest));
    },
    async dropTag(tag) {
      await storage.remove(repository, "tags", tag);
    },
  };
}

/** docker-registry has nothing for those who do not name the type. */
const accept = [types.oci.index, types.oci.manifest, types.docker.index, types.docker.manifest].join(", ");

/** Asks a registry by HTTP. `dropTag` is for whoever has its disk. */
export function httpWitness(host: string, repository: string, dropTag: Witness["dropTag"]): Witness {
  const get = async (path: string): Promise<{ status: number; body: Buffer; digest: string }> => {
    const headers = { accept };
    const answer = await exchange({ host }, { method: "GET", target: `/v2/${repository}/${path}`, headers });
    return { ...answer, digest: String(answer.headers["docker-content-digest"]) };
  };
  return {
    async tags() {
      const { status, body } = await get("tags/list");
      if (status === 404) return new Map();
      const names = (JSON.parse(body.toString()) as { tags: string[] | null }).tags ?? [];
      const held = names.map(async (tag) => {
        const answer = await get(`manifests/${tag}`);
        return [tag, answer.status === 200 ? answer.digest : `nothing: ${answer.status}`] as const;
      });
      return new Map(await Promise.all(held));
    },
    async read(kind, digest) {
      const { status, body } = await get(`${kind}s/${digest}`);
      return status === 200 ? body : undefined;
    },
    dropTag,
  };
}

/** What is missing or altered of an image, by digest; empty when it can be pulled byte for byte. */
export async function damageOf(witness: Witness, image: TestManifest): Promise<string[]> {
  const bytes = await witness.read("manifest", image.digest);
  const own = bytes?.equals(image.bytes) === true ? [] : [`manifest ${image.digest}`];
  const blobs = await Promise.all(
    image.blobs.map(async ({ digest }) => {
      const content = await witness.read("blob", digest);
      const algorithm = digest.startsWith("sha512:") ? "sha512" : "sha256";
      return content !== undefined && digestOf([content], algorithm) === digest ? [] : [`blob ${digest}`];
    }),
  );
  const children = await Promise.all(image.children.map((child) => damageOf(witness, child)));
  return [...own, ...blobs.flat(), ...children.flat()];
}
