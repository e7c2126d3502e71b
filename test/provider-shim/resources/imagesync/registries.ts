import { once } from "node:events";
import { onTestFinished } from "vitest";
import { type RunningRegistry, startRegistry } from "../../../../embedded-registry/index.ts";
import { buildImage, buildIndex, push, type TestManifest } from "../../../support/images/index.ts";
import type { ObjectValue, Value } from "../../../../provider-shim/protocol/value.ts";
import { config } from "./commands.ts";

export interface Registries {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly hosts: readonly string[];
  /** A resource that copies `app:1` to a reference of the destination. */
  readonly wanted: (destination?: string, more?: Readonly<Record<string, Value>>) => ObjectValue;
}

export const one: TestManifest = buildIndex({ children: [buildImage({ seed: "one", layers: [600] })] });
export const two: TestManifest = buildIndex({ children: [buildImage({ seed: "two", layers: [700] })] });

/** Two registries; the first one has image {@link one} as `app:1`. */
export async function startRegistries(): Promise<Registries> {
  const source = await startRegistry();
  onTestFinished(() => source.close());
  const destination = await startRegistry();
  onTestFinished(() => destination.close());
  await push(one, { host: source.host, repository: "app", tag: "1" });
  return {
    source,
    destination,
    hosts: [source.host, destination.host],
    wanted: (reference = "app:1", more = {}) =>
      config({ source: `${source.host}/app:1`, destination: `${destination.host}/${reference}`, ...more }),
  };
}

/** From now on the registry answers nothing until the test has ended. */
export function silence(registry: RunningRegistry, onRequest: () => void = () => undefined): void {
  const end = new AbortController();
  onTestFinished(() => end.abort());
  registry.intercept = () => {
    onRequest();
    return { until: once(end.signal, "abort") };
  };
}
