import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Scratch extends AsyncDisposable {
  readonly directory: string;
  /** Writes a file and returns its path. */
  readonly write: (name: string, content: string, mode?: number) => Promise<string>;
}

/** An empty directory that goes with the test. */
export async function scratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-clouds-"));
  return {
    directory,
    write: async (name, content, mode = 0o600) => {
      await writeFile(join(directory, name), content, { mode });
      return join(directory, name);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
