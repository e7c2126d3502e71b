import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { routeKind } from "../../embedded-registry/index.ts";
import { basicAuthorization, startDockerRegistry, testLogin } from "../support/registries/index.ts";
import { listen } from "../support/registries/listening-server.ts";
import { profiles, type ProfileRequest } from "../support/registries/profiles/index.ts";
import type { Stage } from "./stage.ts";

/** The real docker-registry 2.8 with a login; what it has is read from its files, what is asked of it from a proxy. */
export async function startReal(deletes: boolean): Promise<Stage> {
  const registry = await startDockerRegistry({ auth: "htpasswd", deleteEnabled: deletes });
  const requests: ProfileRequest[] = [];
  const proxy = await listen(
    createServer((request, response) => {
      pass(registry.host, request, response, requests).catch(() => response.destroy());
    }),
  );
  const directory = join(registry.storageDirectory, "docker/registry/v2/repositories");
  const digests = (path: string): Promise<string[]> => linked(join(directory, path), "link", "sha256:");
  return {
    name: "docker-registry, real",
    vendor: "distribution",
    cells: profiles["distribution-2.8"].cells,
    login: testLogin,
    host: proxy.host,
    apiUrl: `http://${proxy.host}`,
    contents: {
      manifests: (repository) => digests(`${repository}/_manifests/revisions/sha256`),
      blobs: (repository) => digests(`${repository}/_layers/sha256`),
      tags: async (repository) => {
        const below = join(directory, repository, "_manifests/tags");
        const tags = await linked(below, "current/link", "");
        const held = tags.map(async (tag): Promise<[string, string]> => [
          tag,
          await readFile(join(below, tag, "current/link"), "utf8"),
        ]);
        return new Map(await Promise.all(held));
      },
    },
    endpoint: async () => ({ host: proxy.host, headers: { authorization: basicAuthorization() } }),
    requests: () => requests,
    resetCounts: () => void requests.splice(0),
    close: async () => {
      await proxy.close();
      await registry.close();
    },
  };
}

/** Names of the directories in which a link is; docker-registry leaves those of what it has deleted. */
async function linked(directory: string, link: string, prefix: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true }).catch(() => []);
  const names = found.filter((path) => path.endsWith(`/${link}`)).map((path) => path.slice(0, -link.length - 1));
  return names
    .filter((name) => !name.includes("/"))
    .map((name) => `${prefix}${name}`)
    .toSorted();
}

/** Sends a request on as it is, and notes it with its answer. */
async function pass(
  host: string,
  request: IncomingMessage,
  response: ServerResponse,
  requests: ProfileRequest[],
): Promise<void> {
  const { method = "", url = "", rawHeaders: headers } = request;
  const entry = { method, path: url, status: 0, kind: routeKind(url.split("?")[0] ?? "") };
  requests.push(entry);
  const onward = httpRequest(`http://${host}`, { method, path: url, headers, setDefaultHeaders: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve).once("error", reject);
  });
  await pipeline(request, onward);
  const answer = await answered;
  entry.status = answer.statusCode ?? 0;
  response.writeHead(entry.status, answer.rawHeaders);
  await pipeline(answer, response);
}
