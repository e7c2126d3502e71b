import { onTestFinished } from "vitest";
import { buildImage, buildIndex, push, type TestManifest } from "../../images/index.ts";
import { type PlainAnswer, send } from "../plain-client.ts";
import { askForToken, bearer, challengeField } from "../token-login.ts";
import { type ProfileName, type RunningProfile, startProfile } from "./index.ts";
import type { ProfileOptions } from "./profile.ts";

/** The repository of these tests. */
export const repository = "team/mirror/app";
/** An image. */
export const child: TestManifest = buildImage({ seed: "child", layers: [700] });
/** An index over it alone. */
export const index: TestManifest = buildIndex({ children: [child] });
/** What refers to it. */
export const signature: TestManifest = buildImage({ seed: "signature", layers: [50], subject: child });

/** Starts a family until the end of the test. */
export async function start(name: ProfileName, options: ProfileOptions = {}): Promise<RunningProfile> {
  const profile = await startProfile(name, options);
  onTestFinished(() => profile.close());
  return profile;
}

/** Pushes an image under tags. */
export async function seed(profile: RunningProfile, image: TestManifest, ...tags: string[]): Promise<void> {
  for (const tag of tags) await push(image, { ...(await profile.endpoint(repository)), repository, tag });
}

/** A request of somebody who may do everything in the repository that the family lets him do. */
export async function ask(profile: RunningProfile, method: string, path: string): Promise<PlainAnswer> {
  const endpoint = await profile.endpoint(repository);
  const first = await send(profile.url, `/v2/${repository}/${path}`, { method });
  const scope = challengeField(first, "scope");
  const headers =
    scope === "" ? { ...endpoint.headers } : { authorization: bearer(await askForToken(first, scope, profile.login)) };
  return send(profile.url, `/v2/${repository}/${path}`, { method, headers: { ...headers, accept: "*/*" } });
}

/** Status and error code of an answer. */
export async function status(answer: Promise<PlainAnswer>): Promise<[number, string]> {
  const { status, code } = await answer;
  return [status, code];
}

/** The tags of the repository. */
export async function tags(profile: RunningProfile): Promise<string[]> {
  return [...(await profile.contents.tags(repository)).keys()];
}
