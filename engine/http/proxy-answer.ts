/** What a proxy that did not do its part means; the codes are explained in network-error.ts. */
export function proxyFailure(status: number, host: string): Error {
  const code =
    status === 407
      ? "IMAGESYNC_PROXY_LOGIN"
      : status >= 400 && status < 500 && status !== 408 && status !== 429
        ? "IMAGESYNC_PROXY_REFUSED"
        : "IMAGESYNC_PROXY_FAILED";
  return Object.assign(new Error(`The proxy ${host} answered with status ${status}`), { code });
}

/** The proxy itself could not be reached, or did not speak HTTP. */
export function proxyUnreachable(host: string, cause: unknown): Error {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "no answer in HTTP";
  return Object.assign(new Error(`The proxy ${host} cannot be reached: ${reason}`), {
    code: "IMAGESYNC_PROXY_UNREACHABLE",
  });
}
