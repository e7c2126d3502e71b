import { isMap, isScalar, isSeq } from "yaml";
import { ConfigFileError } from "../config/problem.ts";
import type { ConfigDocument } from "../config/document.ts";
import { detectFormat } from "../config/detect.ts";
import { readDraft } from "../config/read.ts";
import type { Reading } from "../config/reading.ts";
import type { ConfigFormat } from "../config/sync-config.ts";
import { parseYaml, type YamlFile } from "../config/yaml-file.ts";
import { UsageError } from "../usage-error.ts";
import type { ConfigBuilder } from "./builder.ts";
import { readHarbor } from "./harbor.ts";
import { readImageSyncer } from "./image-syncer.ts";
import { readRegsync } from "./regsync.ts";
import { readSkopeo } from "./skopeo.ts";

/** Whose files can be converted. */
export type ConvertibleFormat = ConfigFormat | "regsync" | "skopeo" | "image-syncer" | "harbor";

export interface ConvertOptions {
  /** @default told by the content */
  readonly format?: ConvertibleFormat | undefined;
  /** For files of Kyma's image-syncer that do not name the destination. */
  readonly targetRepoPrefix?: string | undefined;
  /** The registry that the file does not name: the target of `skopeo sync`, or the Harbor that a policy is of. */
  readonly registry?: string | undefined;
  /** As skopeo's flag of the same name. */
  readonly scoped?: boolean | undefined;
}

/** What a file becomes in our own words, and where its parts came from. */
export interface Converted {
  readonly format: ConvertibleFormat;
  readonly document: ConfigDocument;
  readonly reading: Reading;
}

/** Reads a file of any format that can be converted. @throws ConfigFileError or UsageError */
export function readForeign(file: string, text: string, options: ConvertOptions): Converted {
  const yaml = parseYaml(file, text, "first");
  const format = options.format ?? detect(yaml);
  if (format === "native" || format === "replicant" || format === "kyma") {
    return readDraft(file, text, { format, targetRepoPrefix: options.targetRepoPrefix });
  }
  const builder = build(format, yaml, options);
  const { reading } = builder;
  if (reading.problems.length > 0) throw new ConfigFileError(file, reading.problems);
  return { format, document: builder.document(), reading };
}

function build(
  format: Exclude<ConvertibleFormat, ConfigFormat>,
  yaml: YamlFile,
  { registry, scoped = false }: ConvertOptions,
): ConfigBuilder {
  if (format === "regsync") return readRegsync(yaml);
  if (format === "image-syncer") return readImageSyncer(yaml);
  if (format === "harbor") return readHarbor(yaml, registry);
  if (registry !== undefined) return readSkopeo(yaml, { registry, scoped });
  throw new UsageError(
    "The file does not say where skopeo sync copies to",
    "Give its target by --registry, and --scoped if skopeo got that",
  );
}

function detect(yaml: YamlFile): ConvertibleFormat {
  const { root, reading } = yaml;
  const first = isSeq(root) ? reading.resolve(root.items[0]) : root;
  if (!isMap(first)) return detectFormat(yaml);
  const top = new Map(reading.entries(first).map(({ key, node }) => [key, reading.resolve(node)]));
  if (top.has("src_registry") || top.has("dest_registry")) return "harbor";
  if (isSeq(root)) return "native";
  if (isSeq(top.get("sync")) && !top.has("images") && !top.has("repositories")) return "regsync";
  const images = top.get("images");
  const values = isMap(images) ? images.items.map(({ value }) => reading.resolve(value)) : [];
  if (top.has("auth") || values.some((value) => isSeq(value) || (isScalar(value) && value.value !== null)))
    return "image-syncer";
  const names = [...top.keys()];
  if (names.includes("images") || names.includes("version") || names.length === 0) return detectFormat(yaml);
  const isSkopeo = (value: unknown): boolean =>
    isMap(value) && reading.entries(value).some(({ key }) => /^images(?:-by-|$)/.test(key));
  if ([...top.values()].some(isSkopeo)) return "skopeo";
  return names.every((name) => /[./:]/.test(name)) ? "image-syncer" : detectFormat(yaml);
}
