import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import type { buildConnector } from "undici";
import type { Connector } from "./connector.ts";
import type { Proxy } from "./proxy.ts";
import { proxyFailure, proxyUnreachable } from "./proxy-answer.ts";

/** A proxy's answer to CONNECT is a status line and a few headers. */
const maxAnswerBytes = 16 * 1024;

export interface TunnelOptions {
  /** Until the tunnel stands, without the TLS handshake inside of it, in milliseconds. */
  readonly connectMs: number;
  /** For a proxy that is reached by TLS itself. */
  readonly secureContext?: SecureContext | undefined;
  /** Makes the TLS connection to the registry over the tunnel. */
  readonly inside: Connector;
}

/**
 * Connections through a proxy by CONNECT: the proxy sees host and port, and bytes that it cannot read.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 */
export function tunnelConnector(proxy: Proxy, options: TunnelOptions): Connector {
  const connect = async (
    target: buildConnector.Options,
    callback: buildConnector.Callback,
    signal: AbortSignal,
  ): Promise<void> => {
    const port = target.port === "" ? "443" : target.port;
    try {
      const socket = await openTunnel(proxy, `${bracketed(target.hostname)}:${port}`, options, signal);
      const making = options.inside({ ...target, httpSocket: socket }, callback);
      signal.addEventListener("abort", () => making.destroy(signal.reason as Error), { once: true });
      if (signal.aborted) making.destroy(signal.reason as Error);
    } catch (error) {
      callback(error as Error, null);
    }
  };
  return (target, callback) => {
    const stop = new AbortController();
    void connect(target, callback, stop.signal);
    return { destroy: (reason) => stop.abort(reason) };
  };
}

/** An IPv6 address as it is written before a port. */
function bracketed(hostname: string): string {
  return hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
}

/** Resolves with the socket when the proxy has agreed. What fails destroys the socket. */
function openTunnel(
  proxy: Proxy,
  target: string,
  { connectMs, secureContext }: TunnelOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { url, authorization } = proxy;
  const encrypted = url.protocol === "https:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port === "" ? (encrypted ? 443 : 80) : url.port);
  return new Promise((resolve, reject) => {
    const socket = encrypted
      ? connectTls({
          host: hostname,
          port,
          ...(/^[\d.]+$|:/.test(hostname) ? {} : { servername: hostname }),
          ...(secureContext === undefined ? {} : { secureContext }),
        })
      : connectTcp({ host: hostname, port });
    let answer = Buffer.alloc(0);
    const timer = setTimeout(
      () => fail(Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" })),
      connectMs,
    );
    const fail = (cause: unknown): void => settle(() => reject(proxyUnreachable(url.host, cause)), true);
    const onStop = (): void => fail(signal.reason);
    const onClose = (): void => fail(Object.assign(new Error("Closed"), { code: "ECONNRESET" }));
    const onData = (chunk: Buffer): void => {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf("\r\n\r\n");
      if (end < 0) {
        if (answer.byteLength > maxAnswerBytes) fail(undefined);
        return;
      }
      const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r]/.exec(answer.toString("latin1"))?.[1] ?? Number.NaN);
      if (status >= 200 && status < 300) {
        settle(() => {
          const rest = answer.subarray(end + 4);
          if (rest.byteLength > 0) socket.unshift(rest);
          resolve(socket);
        }, false);
      } else if (status >= 300) settle(() => reject(proxyFailure(status, url.host)), true);
      else fail(undefined);
    };
    function settle(tell: () => void, failed: boolean): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", onStop);
      socket.off("data", onData).off("error", fail).off("close", onClose);
      socket.pause();
      // Without a listener a late error would end the process.
      if (failed) socket.on("error", () => undefined).destroy();
      tell();
    }
    signal.addEventListener("abort", onStop);
    socket.on("data", onData).once("error", fail).once("close", onClose);
    socket.once(encrypted ? "secureConnect" : "connect", () => {
      const login = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${login}\r\n`);
    });
  });
}
