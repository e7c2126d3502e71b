import { isMap, isSeq } from "yaml";
import type { ConfigFormat } from "./sync-config.ts";
import type { YamlFile } from "./yaml-file.ts";

const kymaKeys: ReadonlySet<string> = new Set(["source", "tag", "sign", "amd64Only"]);

/**
 * Whose words a file is written in: `images` as a map is replicant's; `targetRepoPrefix`, or `images` with nothing
 * but the keys of Kyma's image-syncer in its entries, is Kyma's; everything else, and what has a `version`, is ours.
 */
export function detectFormat({ root, reading }: YamlFile): ConfigFormat {
  if (!isMap(root)) return "native";
  const top = new Map(reading.entries(root).map(({ key, node }) => [key, reading.resolve(node)]));
  if (top.has("version")) return "native";
  const images = top.get("images");
  if (isMap(images)) return "replicant";
  if (top.has("targetRepoPrefix")) return "kyma";
  if (!isSeq(images) || images.items.length === 0) return "native";
  const keys = images.items.map((item) => reading.entries(reading.resolve(item)).map(({ key }) => key));
  return keys.every((entry) => entry.includes("source") && entry.every((key) => kymaKeys.has(key))) ? "kyma" : "native";
}
