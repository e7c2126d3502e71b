import { invalidTransport, parseMirror } from "./transport-check.ts";
import type { RegistryTransport } from "./transport.ts";

/**
 * The transports, and those of mirrors whose addresses say that they speak plain HTTP. A host is spoken to in one way,
 * whatever for: settings of its own that say otherwise are a contradiction, not a downgrade.
 * @param transports By canonical registry.
 * @throws `config` for a mirror whose own settings ask for the other way.
 */
export function withMirrors(
  transports: ReadonlyMap<string, RegistryTransport>,
): ReadonlyMap<string, RegistryTransport> {
  const all = new Map(transports);
  for (const [registry, { mirrors = [] }] of transports) {
    for (const address of mirrors) {
      const mirror = parseMirror(address);
      if (mirror?.scheme === undefined) continue;
      const own = transports.get(mirror.registry);
      const isPlain = mirror.scheme === "http";
      if (own === undefined && isPlain) all.set(mirror.registry, { address: mirror.registry, plainHttp: true });
      if (own === undefined || (own.plainHttp === true) === isPlain) continue;
      throw invalidTransport(
        address,
        isPlain
          ? `is a mirror of ${registry} in plain HTTP, and ${mirror.registry} has settings of its own that ask for TLS`
          : `is a mirror of ${registry} in TLS, and ${mirror.registry} is set to plain HTTP`,
        isPlain
          ? `Set plain_http (--plain-http) for ${mirror.registry} too, or write the mirror without http://`
          : `Remove plain_http (--plain-http) for ${mirror.registry}, or write the mirror without https://`,
      );
    }
  }
  return all;
}
