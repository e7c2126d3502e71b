import { type ErrorCode, ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";

/** What an error of the file system means; everything else is `unavailable`, which another try may cure. */
const meanings: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  ENOENT: ["not-found", "it does not exist", "Check the path"],
  ENOTDIR: ["config", "a part of the path is no directory", "Check the path"],
  EISDIR: ["config", "it is a directory", "Write oci: before a directory, oci-archive: before a file"],
  ENOTEMPTY: ["manifest-invalid", "a directory stands in the place of a file", "Remove it, or use another layout"],
  EEXIST: ["manifest-invalid", "something else stands in its place", "Remove it, or use another layout"],
  ELOOP: ["manifest-invalid", "it is a symbolic link", "Copy the layout with its links resolved: cp -rL"],
  EACCES: ["denied", "permission is denied", "Give the user who runs this the permission"],
  EPERM: ["denied", "it is not permitted", "Give the user who runs this the permission"],
  EROFS: ["denied", "the file system can only be read", "Use another directory"],
  ENOSPC: ["quota", "no space is left", "Free some, or use another file system"],
  EDQUOT: ["quota", "the quota is used up", "Free some, or use another file system"],
  EFBIG: ["quota", "the file system takes no file of this size", "Use another file system"],
  ENAMETOOLONG: ["config", "the path is too long", "Use a shorter one"],
  EMFILE: ["limit", "too many files are open", "Allow more open files (ulimit -n)"],
  ENFILE: ["limit", "too many files are open", "Allow more open files"],
};

/** The code of an error of the file system, such as ENOENT. */
export function fileErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What the file system answered, as an error of ours; what is none of it stays what it is. */
export function fileFault(error: unknown, operation: string, path: string): unknown {
  const systemCode = fileErrorCode(error);
  // A signal's reason has a code of its own, and it is no file system's.
  if (error instanceof ImagesyncError || systemCode === undefined || !/^E[A-Z0-9]+$/.test(systemCode)) return error;
  const [code, why, hint] = meanings[systemCode] ?? ["unavailable", `the file system says ${systemCode}`, undefined];
  return new ImagesyncError({
    code,
    operation,
    message: `Cannot ${operation} ${quotePath(path)}: ${why}`,
    hint,
    cause: error,
  });
}

/** A layout that is not as it should be. */
export function layoutFault(
  code: ErrorCode,
  operation: string,
  path: string,
  why: string,
  hint = "The layout is damaged: write it anew",
): ImagesyncError {
  return new ImagesyncError({ code, operation, message: `Cannot ${operation} ${quotePath(path)}: ${why}`, hint });
}

/** A path in a message: its end tells more than its beginning. */
function quotePath(path: string): string {
  return quote(path.length > 80 ? `...${path.slice(-77)}` : path);
}
