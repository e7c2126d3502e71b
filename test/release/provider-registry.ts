import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer as createPlainServer, type ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { makeCertificates } from "../support/registries/index.ts";

/** A server of files on this machine whose certificate nobody but {@link FileServer.authority} vouches for. */
export interface FileServer {
  /** `localhost:PORT`: a provider's address cannot begin with a number. */
  readonly host: string;
  /** Environment by which programs trust it. */
  readonly trust: Readonly<Record<string, string>>;
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

/** Answers to requests: text, or a file. Nothing: 404. */
export type Answer = { readonly text: string } | { readonly file: string } | undefined;

/** Serves by HTTPS, or in the open. JSON is called JSON: Terraform insists on it. */
export async function serveFiles(answer: (path: string) => Promise<Answer>, plain = false): Promise<FileServer> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-file-server-"));
  const authority = join(directory, "ca.crt");
  const { ca, cert, key } = await makeCertificates();
  await writeFile(authority, ca);
  const requests: string[] = [];
  const respond: Parameters<typeof createPlainServer>[1] = (request, response) => {
    const path = normalize(decodeURI((request.url ?? "/").split("?")[0] ?? "/"));
    requests.push(path);
    send(response, answer(path)).catch(() => response.destroy());
  };
  const server = plain ? createPlainServer({}, respond) : createServer({ cert, key }, respond);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    trust: { SSL_CERT_FILE: authority },
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
      await rm(directory, { recursive: true });
    },
  };
}

async function send(response: ServerResponse, answer: Promise<Answer>): Promise<void> {
  const found = await answer;
  if (found === undefined) {
    response.writeHead(404).end();
    return;
  }
  const json = "text" in found ? found.text.startsWith("{") : found.file.endsWith(".json");
  response.writeHead(200, { "content-type": json ? "application/json" : "application/octet-stream" });
  if ("text" in found) response.end(found.text);
  else await pipeline(createReadStream(found.file), response);
}

/** What a provider registry has of one release. */
export interface Published {
  /** Where the files of the release are. */
  readonly directory: string;
  readonly version: string;
  /** Signature of the checksums: their directory may not have any. */
  readonly signature: string;
  /** The key that the registry says it is signed with. */
  readonly key: { readonly fingerprint: string; readonly publicKey: string };
}

/**
 * A registry of providers, `HOST/imagesync/imagesync`, with one release.
 * Follows https://developer.hashicorp.com/terraform/internals/provider-registry-protocol
 */
export async function startProviderRegistry(published: Published): Promise<FileServer> {
  const { directory, version, signature, key } = published;
  const prefix = `terraform-provider-imagesync_${version}_`;
  const [manifest, names] = await Promise.all([
    readFile(join(directory, `${prefix}manifest.json`), "utf8"),
    readdir(directory),
  ]);
  const { protocol_versions: protocols } = (JSON.parse(manifest) as { metadata: { protocol_versions: string[] } })
    .metadata;
  const platforms = names
    .filter((name) => name.endsWith(".zip"))
    .map((name) => name.slice(prefix.length, -".zip".length).split("_"))
    .map(([os = "", arch = ""]) => ({ os, arch }));
  const home = "/v1/providers/imagesync/imagesync";
  return await serveFiles(async (path) => {
    if (path === "/.well-known/terraform.json") return json({ "providers.v1": "/v1/providers/" });
    if (path === `${home}/versions`) return json({ versions: [{ version, protocols, platforms }] });
    const [, os, arch] = /\/download\/([a-z]+)\/([a-z0-9]+)$/.exec(path) ?? [];
    if (os !== undefined && arch !== undefined && path.startsWith(`${home}/${version}/`)) {
      const filename = `${prefix}${os}_${arch}.zip`;
      const content = await readFile(join(directory, filename));
      return json({
        protocols,
        os,
        arch,
        filename,
        download_url: `/files/${filename}`,
        shasums_url: `/files/${prefix}SHA256SUMS`,
        shasums_signature_url: "/signature",
        shasum: createHash("sha256").update(content).digest("hex"),
        signing_keys: { gpg_public_keys: [{ key_id: key.fingerprint.slice(-16), ascii_armor: key.publicKey }] },
      });
    }
    if (path === "/signature") return { file: signature };
    if (path.startsWith("/files/")) return await fileIn(directory, path.slice("/files/".length));
    return undefined;
  });
}

/** A file of a directory, if it is there. */
export async function fileIn(directory: string, name: string): Promise<Answer> {
  const file = join(directory, name);
  return await stat(file).then(
    (found) => (found.isFile() ? { file } : undefined),
    () => undefined,
  );
}

function json(value: unknown): Answer {
  return { text: JSON.stringify(value) };
}
