import { type IncomingHttpHeaders, request } from "node:http";
import { type Content, type DemoImage, indexType } from "./image.ts";

/** Where an image goes: `host:port` of a registry that speaks plain HTTP, and the repository. */
export interface Target {
  readonly host: string;
  readonly repository: string;
}

/** Pushes an image under a tag, as whoever publishes it would: blobs, then children, then the index. */
export async function pushImage(image: DemoImage, tag: string, target: Target, signal: AbortSignal): Promise<void> {
  for (const blob of image.blobs) {
    await send("POST", `blobs/uploads/?digest=${blob.digest}`, target, { content: blob, expected: 201, signal });
  }
  for (const child of image.children) {
    await send("PUT", `manifests/${child.digest}`, target, { content: child, expected: 201, signal });
  }
  await send("PUT", `manifests/${tag}`, target, { content: image.index, expected: 201, signal });
}

/** Takes a tag away, as somebody would who does not know that it is managed. */
export async function deleteTag(tag: string, target: Target, signal: AbortSignal): Promise<void> {
  await send("DELETE", `manifests/${tag}`, target, { expected: 202, signal });
}

/** The digest that a tag holds as the registry itself tells it, undefined when there is no such tag. */
export async function askForTag(tag: string, target: Target, signal: AbortSignal): Promise<string | undefined> {
  const { status, headers } = await exchange("HEAD", `manifests/${tag}`, target, { signal });
  const digest = headers["docker-content-digest"];
  return status === 200 && typeof digest === "string" ? digest : undefined;
}

async function send(
  method: string,
  path: string,
  target: Target,
  options: { readonly content?: Content; readonly expected: number; readonly signal: AbortSignal },
): Promise<void> {
  const { status } = await exchange(method, path, target, options);
  if (status !== options.expected) throw new Error(`${method} ${path} at ${target.host} was answered with ${status}`);
}

/** By node:http, not by fetch, which would look for a proxy in the environment. */
async function exchange(
  method: string,
  path: string,
  { host, repository }: Target,
  { content, signal }: { readonly content?: Content; readonly signal: AbortSignal },
): Promise<{ readonly status: number | undefined; readonly headers: IncomingHttpHeaders }> {
  const headers = content
    ? { "content-type": content.mediaType, "content-length": content.bytes.length }
    : { accept: indexType };
  return await new Promise((resolve, reject) => {
    const options = { method, signal, agent: false, headers };
    const sent = request(`http://${host}/v2/${repository}/${path}`, options, (response) => {
      response.resume();
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode, headers: response.headers }));
    });
    sent.once("error", reject);
    sent.end(content?.bytes);
  });
}
