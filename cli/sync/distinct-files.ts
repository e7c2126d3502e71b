import { resolve } from "node:path";
import { UsageError } from "../usage-error.ts";

/**
 * A file that a run writes takes the place of what has its name: that must not be another file of the same run.
 * @param files What each is named by, and its path; the ones that are written last.
 * @throws UsageError
 */
export function checkDistinct(files: readonly (readonly [flag: string, path: string | undefined])[]): void {
  const taken = new Map<string, string>();
  for (const [flag, path] of files) {
    if (path === undefined || path === "-") continue;
    const other = taken.get(resolve(path));
    if (other !== undefined) {
      throw new UsageError(`${flag} would overwrite the file of ${other}: "${path}"`, `Give ${flag} a file of its own`);
    }
    taken.set(resolve(path), flag);
  }
}
