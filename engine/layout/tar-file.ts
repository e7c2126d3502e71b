import { layoutFault } from "./fault.ts";
import { encodeFileHeader, padding } from "./tar-header.ts";

/** A file to be written into an archive. */
export interface NewTarFile {
  readonly name: string;
  readonly size: number;
  /** Opens it when its turn comes. */
  readonly open: () => Promise<Iterable<Uint8Array> | AsyncIterable<Uint8Array>>;
}

/** Two blocks of zeros. */
const endBytes = 1024;

/**
 * The bytes of a tar file: equal files in equal order make equal bytes. One file is open at a time.
 * @throws `size-mismatch` when a file turns out to have another size.
 */
export async function* tarFile(files: Iterable<NewTarFile>): AsyncGenerator<Uint8Array, void, void> {
  for (const { name, size, open } of files) {
    yield encodeFileHeader(name, size);
    let written = 0;
    for await (const chunk of await open()) {
      written += chunk.byteLength;
      yield chunk;
    }
    if (written !== size) {
      const why = `it has ${written} bytes, not the ${size} that it had`;
      throw layoutFault("size-mismatch", "write", name, why, "Something changes the files at the same time");
    }
    yield padding(size);
  }
  yield new Uint8Array(endBytes);
}
