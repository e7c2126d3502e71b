import { ImagesyncError } from "../errors.ts";

/** The error for certificates that cannot be read: it names the place, never the content. */
export function unreadable(place: string, why: string, hint: string): ImagesyncError {
  return new ImagesyncError({
    code: "tls",
    operation: "read certificates",
    message: `Cannot read the certificates in ${place}: ${why}`,
    hint,
  });
}

/** What may be told of a failure to read or parse: its code. The message of OpenSSL may quote what it has read. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "they cannot be read";
}
