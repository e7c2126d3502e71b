/** What can go wrong with an answer by itself; what it means for a request says network-error.ts. */
export type WireErrorCode =
  | "IMAGESYNC_AMBIGUOUS_LENGTH"
  | "IMAGESYNC_CLOSED"
  | "IMAGESYNC_HEADERS_TIMEOUT"
  | "IMAGESYNC_HEADERS_TOO_LARGE"
  | "IMAGESYNC_BODY_TIMEOUT"
  | "IMAGESYNC_NOT_HTTP"
  | "IMAGESYNC_UNSENDABLE";

/** Ends an exchange on the wire. It never holds bytes that came or went: secrets could be among them. */
export class WireError extends Error {
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.name = "WireError";
    this.code = code;
  }
}
