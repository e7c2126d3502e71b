import type { buildConnector } from "undici";

/** A connection that is being made. */
export interface Connecting {
  /** Gives it up; who waits for it is told the reason, unless he was told something before. */
  destroy(reason: Error): unknown;
}

/** Makes a connection, and calls back with it or with why there is none: once, and never before it has returned. */
export type Connector = (target: buildConnector.Options, callback: buildConnector.Callback) => Connecting;

/** What is connected to for an origin. IPv6 addresses have brackets in URLs only. */
export function targetOf({ protocol, host, hostname, port }: URL): buildConnector.Options {
  return { protocol, host, port, hostname: hostname.replace(/^\[|\]$/g, "") };
}
