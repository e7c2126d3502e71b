import { rootCertificates } from "node:tls";
import * as tls from "node:tls";
import { systemCertificates, type SystemCertificatesOptions } from "./system-certificates.ts";

/**
 * The authorities that every registry is checked against: those that come with the runtime, and those of this
 * computer. They are read once, at the first connection that is encrypted.
 */
export class TrustStore {
  readonly #options: SystemCertificatesOptions;
  #authorities: Promise<Authorities> | undefined;
  #context: tls.SecureContext | undefined;

  constructor(options: SystemCertificatesOptions) {
    this.#options = options;
  }

  /** All of them, as PEM texts. @throws `tls` for SSL_CERT_FILE that cannot be read. */
  async authorities(): Promise<readonly string[]> {
    return (await this.#read()).all;
  }

  /**
   * The context for registries without certificates of their own, made once; undefined when the runtime's own does,
   * which costs nothing.
   */
  async context(): Promise<tls.SecureContext | undefined> {
    const { all, more } = await this.#read();
    if (!more) return undefined;
    this.#context ??= tls.createSecureContext({ ca: [...all] });
    return this.#context;
  }

  #read(): Promise<Authorities> {
    if (this.#authorities === undefined) {
      this.#authorities = readAuthorities(this.#options);
      this.#authorities.catch(() => (this.#authorities = undefined));
    }
    return this.#authorities;
  }
}

interface Authorities {
  readonly all: readonly string[];
  /** True when there are some that the runtime does not know by itself. */
  readonly more: boolean;
}

async function readAuthorities(options: SystemCertificatesOptions): Promise<Authorities> {
  const known = runtimeCertificates();
  const seen = new Set(known.map(content));
  const more = (await systemCertificates(options)).filter((pem) => !seen.has(content(pem)));
  return { all: [...known, ...more], more: more.length > 0 };
}

/** Node since 22.15 can tell its whole default store, with NODE_EXTRA_CA_CERTS in it. */
function runtimeCertificates(): readonly string[] {
  return "getCACertificates" in tls ? tls.getCACertificates("default") : rootCertificates;
}

/** What is between the lines of a PEM text, however it was broken. */
function content(pem: string): string {
  return pem.replaceAll(/-----[A-Z ]+-----|\s+/g, "");
}
