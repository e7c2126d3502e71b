/** Deadlines of a request, in milliseconds. */
export interface Timeouts {
  /** Until a connection is made, TLS handshake included. @default 10000 */
  readonly connectMs: number;
  /** Until the headers of an answer come, after the request was sent. @default 60000 */
  readonly headersMs: number;
  /** The same after an upload: registries that keep blobs in object storage copy them once more before they answer. @default 600000 */
  readonly uploadHeadersMs: number;
  /** Longest silence in the middle of an answer. @default 60000 */
  readonly idleMs: number;
  /** Over how much waiting for the other side the throughput of a blob is judged. @default 60000 */
  readonly throughputWindowMs: number;
  /** Bytes (not milliseconds) a second, below which a blob that comes or goes is given up. @default 512 */
  readonly minBytesPerSecond: number;
  /** For a control request with all its attempts and pauses. @default 300000 */
  readonly controlMs: number;
}

export const defaultTimeouts: Timeouts = {
  connectMs: 10_000,
  headersMs: 60_000,
  uploadHeadersMs: 600_000,
  idleMs: 60_000,
  throughputWindowMs: 60_000,
  // What the slowest lines that anybody pulls images over still give each of many downloads.
  minBytesPerSecond: 512,
  controlMs: 300_000,
};
