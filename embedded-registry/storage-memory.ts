import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Shelf, Staging, Storage } from "./storage.ts";

type Chunks = readonly Buffer[];
type Shelves = Map<Shelf, Map<string, string>>;

/** Keeps everything in memory: for tests and demonstrations. Bytes are freed with the last record that names them. */
export function memoryStorage(): Storage {
  const contents = new Map<string, Chunks>();
  const repositories = new Map<string, Shelves>();

  function used(digest: string): boolean {
    return [...repositories.values()].some(
      (shelves) => shelves.get("layers")?.has(digest) === true || shelves.get("manifests")?.has(digest) === true,
    );
  }

  return {
    stage: async () => stageInMemory((digest, chunks) => contents.set(digest, chunks)),
    async keep(digest, bytes) {
      contents.set(digest, [bytes]);
    },
    async size(digest) {
      const chunks = contents.get(digest);
      return chunks === undefined ? undefined : length(chunks);
    },
    open(digest, range) {
      const chunks = contents.get(digest) ?? [];
      return Readable.from(range === undefined ? chunks : slice(chunks, range), { objectMode: false });
    },
    async get(repository, shelf, key) {
      return repositories.get(repository)?.get(shelf)?.get(key);
    },
    async set(repository, shelf, key, value) {
      const shelves: Shelves = repositories.get(repository) ?? new Map<Shelf, Map<string, string>>();
      repositories.set(repository, shelves);
      const records = shelves.get(shelf) ?? new Map<string, string>();
      shelves.set(shelf, records);
      records.set(key, value);
    },
    async remove(repository, shelf, key) {
      const removed = repositories.get(repository)?.get(shelf)?.delete(key) ?? false;
      if ((shelf === "layers" || shelf === "manifests") && !used(key)) contents.delete(key);
      return removed;
    },
    async keys(repository, shelf) {
      return [...(repositories.get(repository)?.get(shelf)?.keys() ?? [])];
    },
    async knows(repository) {
      return repositories.has(repository);
    },
  };
}

function stageInMemory(commit: (digest: string, chunks: Chunks) => void): Staging {
  let chunks: Buffer[] = [];
  return {
    async append(source) {
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
      await pipeline(source, sink);
    },
    open: () => Readable.from(chunks, { objectMode: false }),
    async keep(digest) {
      commit(digest, chunks);
    },
    async discard() {
      chunks = [];
    },
  };
}

function length(chunks: Chunks): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function slice(chunks: Chunks, range: { start: number; end: number }): Chunks {
  const parts: Buffer[] = [];
  let offset = 0;
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, range.start - offset), Math.max(0, range.end + 1 - offset));
    if (part.length > 0) parts.push(part);
    offset += chunk.length;
  }
  return parts;
}
