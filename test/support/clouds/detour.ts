import { type CloudRequest, requestDirectly } from "../../../engine/credentials/cloud-request.ts";

/** Where a message to a well-known host ends: at the test's own server, which gets the host as the first part of the path. Its own addresses stay. */
export function detourOf(server: { readonly url: string }, url: URL | string): URL {
  const { host, pathname, search, origin } = new URL(url);
  if (origin === server.url) return new URL(url);
  return new URL(`${server.url}/${host}${pathname}${search}`);
}

/** Sends everything to the server of a test; nothing leaves the machine. */
export function detour(server: { readonly url: string }): CloudRequest {
  return (message, signal) => requestDirectly({ ...message, url: detourOf(server, message.url) }, signal);
}

/** For a place that must not be asked. */
export const nowhere: CloudRequest = ({ url }) => Promise.reject(new Error(`Nobody was to ask ${url.host}`));

/** A machine in no cloud: the address of the metadata services does not answer. */
export const noMachine: CloudRequest = () =>
  Promise.reject(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
