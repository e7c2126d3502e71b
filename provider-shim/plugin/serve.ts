import { writeSync } from "node:fs";
import type { SecureServerOptions } from "node:http2";

import type { Logger } from "../log.ts";
import type { ProviderDefinition } from "../protocol/resource.ts";
import { createCertificate, type Certificate } from "./certificate.ts";
import { handshakeLine, readHandshake } from "./handshake.ts";
import { startPlugin } from "./start.ts";

/** What a plugin process serves. */
export interface PluginOptions<P> {
  readonly provider: ProviderDefinition<P>;
  /** Short name of the provider, for the log. */
  readonly name: string;
  readonly version: string;
  readonly log: Logger;
  /** How long the process survives its last connection, for calls to clean up. Default 3000. */
  readonly idleExitMs?: number | undefined;
}

/** Terraform itself waits as long for a plugin to start. */
const firstConnectionMs = 60_000;
/** Terraform kills two seconds after it has asked for the end. */
const shutDownMs = 1_000;
/** What whoever sends SIGTERM commonly waits before SIGKILL. */
const terminationMs = 8_000;
/** For closing pooled connections, which the end of the process does as well. */
const closeMs = 500;

/**
 * Serves the provider to the Terraform that has started this process, until Terraform ends it. Started by anything else
 * it explains itself on standard error and exits with 1. Nothing may be written to standard output before this.
 */
export async function serve<P>(options: PluginOptions<P>): Promise<void> {
  const { provider, log } = options;
  const handshake = readHandshake(process.env);
  if (handshake.kind === "refused") {
    writeSync(2, `${handshake.explanation}\n`);
    process.exit(1);
  }
  // Ctrl-C reaches the whole process group. Terraform decides what happens and calls StopProvider.
  process.on("SIGINT", () => undefined);

  let ending = false;
  /** Aborts what runs, lets the answers out, and exits. */
  const end = async (reason: string, deadlineMs: number): Promise<void> => {
    if (ending) return;
    ending = true;
    log.debug("Provider ends", { reason });
    plugin.protocolServer.stop();
    await within(deadlineMs, plugin.grpc.drained());
    await within(closeMs, provider.close?.());
    plugin.listening.cleanUp();
    process.exit(0);
  };

  const certificate = handshake.clientCertificate === undefined ? undefined : createCertificate();
  const plugin = await startPlugin({
    provider,
    protocol: handshake.protocol,
    log,
    tls: certificate && mutualTls(certificate, handshake.clientCertificate),
    shutDown: () => void end("Terraform has shut it down", shutDownMs),
  });
  survive(log);
  process.on("SIGTERM", () => void end("SIGTERM", terminationMs));
  exitWithoutConnections(
    (listener) => plugin.grpc.onConnections(listener),
    options.idleExitMs ?? 3_000,
    () => end("nobody is connected", 0),
  );
  log.debug("Provider starts", {
    name: options.name,
    version: options.version,
    protocol: handshake.protocol,
    network: plugin.listening.network,
  });
  writeSync(1, handshakeLine(handshake.protocol, plugin.listening, certificate?.der));
}

/** Both sides trust exactly the certificate that the other one made for this run. */
function mutualTls(certificate: Certificate, clientCertificate: string | undefined): SecureServerOptions {
  return {
    key: certificate.keyPem,
    cert: certificate.certPem,
    ...(clientCertificate !== undefined && { ca: clientCertificate }),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.2",
  };
}

/** Keeps the process alive through exceptions that would end it in the middle of an apply, and so lose the state. */
function survive(log: Logger): void {
  const report = (error: unknown): void =>
    log.error("Unexpected exception outside of a call", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  process.on("uncaughtException", report);
  process.on("unhandledRejection", report);
}

/** A Terraform that was killed cannot end its plugins; its connections do close. */
function exitWithoutConnections(
  watch: (listener: (open: number) => void) => void,
  idleMs: number,
  exit: () => Promise<void>,
): void {
  let timer = setTimeout(() => void exit(), firstConnectionMs);
  watch((open) => {
    clearTimeout(timer);
    if (open === 0) timer = setTimeout(() => void exit(), idleMs);
  });
}

/** Waits for the promise, yet not longer than the deadline, and whether it succeeds or not. */
async function within(deadlineMs: number, promise: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  // The process ends next: a failure to clean up changes nothing any more.
  await Promise.race([Promise.resolve(promise).catch(() => undefined), deadline]);
  clearTimeout(timer);
}
