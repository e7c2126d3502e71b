import {
  ImagesyncError,
  isDigest,
  isRetentionTag,
  isTag,
  parsePlatform,
  parseReference,
  type Reference,
  tagOrLatest,
} from "../../../engine/index.ts";
import { deletionPolicies } from "../../deletion-policy.ts";
import { describeError } from "../../describe-error.ts";
import type { Context } from "../../protocol/context.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import { isUnknown, type ObjectValue } from "../../protocol/value.ts";
import { validateTimeouts } from "../../timeouts.ts";
import { onConflictChoices } from "./conflict.ts";
import { isKeepPrevious, maxKeepPrevious } from "./retention.ts";
import { text, texts } from "./state.ts";

/** Offline, and silent about everything that is not known yet. Every finding points at its attribute. */
export function validateImagesync(config: ObjectValue, context: Context): void {
  const { diagnostics } = context;
  const source = check("source");
  const destination = check("destination");
  checkDistinct();
  checkAdditionalTags();
  checkSourceDigest();
  checkPlatforms("platforms");
  checkPlatforms("required_platforms");
  checkChoice("integrity_check", ["tag", "manifests", "blobs"]);
  checkChoice("on_source_unavailable", ["keep", "fail"]);
  checkChoice("on_conflict", onConflictChoices);
  checkChoice("deletion_policy", deletionPolicies);
  checkKeepPrevious();
  checkKeepDigests();
  validateTimeouts(config["timeouts"], context);

  function check(attribute: "source" | "destination"): Reference | undefined {
    const value = text(config, attribute);
    if (value === undefined) return undefined;
    try {
      return parseReference(value);
    } catch (error) {
      report(error, attribute);
      return undefined;
    }
  }

  /** A mirror of itself would copy nothing, and its destroy would take the source away. */
  function checkDistinct(): void {
    if (!source || !destination) return;
    const tag = tagOrLatest(source);
    const same = source.registry === destination.registry && source.repository === destination.repository;
    if (!same || tag === undefined || tag !== tagOrLatest(destination)) return;
    const detail = `"source" and "destination" name the same tag, and destroying the resource would delete it. Write another tag or another repository as the destination.`;
    diagnostics.error("Destination is the source", detail, attributePath("destination"));
  }

  function checkAdditionalTags(): void {
    for (const tag of texts(config, "additional_tags")) {
      const problem = problemOfTag(tag);
      if (problem === undefined) continue;
      const detail = `${JSON.stringify(tag.slice(0, 130))} ${problem}.`;
      diagnostics.error("Invalid additional tag", detail, attributePath("additional_tags"));
    }
  }

  function problemOfTag(tag: string): string | undefined {
    if (!isTag(tag)) {
      return "is not a tag. Write letters, digits, underscores, periods and dashes, at most 128, not starting with one of the last two";
    }
    if (isRetentionTag(tag)) return "is a name for earlier images, which are collected. Choose another one";
    if (!destination) return undefined;
    if (tag === tagOrLatest(destination)) return `is the tag of "destination" already. Remove it here`;
    const same = source?.registry === destination.registry && source.repository === destination.repository;
    if (!same || tag !== tagOrLatest(source)) return undefined;
    return `is the tag of "source" in the same repository, and destroying the resource would delete it. Choose another one`;
  }

  function checkSourceDigest(): void {
    const value = text(config, "source_digest");
    if (value === undefined) return;
    const path = attributePath("source_digest");
    if (!isDigest(value)) {
      reportDigest(value, "source_digest");
    } else if (source?.digest !== undefined && source.digest !== value) {
      const detail = `"source" names ${source.digest}, "source_digest" is ${value}. Remove one of the two.`;
      diagnostics.error("Contradicting digests", detail, path);
    }
  }

  function checkPlatforms(attribute: "platforms" | "required_platforms"): void {
    // Terraform knows no path into a set: the finding ends at the attribute and names the element.
    for (const name of texts(config, attribute)) {
      try {
        parsePlatform(name);
      } catch (error) {
        report(error, attribute);
      }
    }
  }

  function checkKeepPrevious(): void {
    const value = config["keep_previous"];
    if (value === undefined || value === null || isUnknown(value) || isKeepPrevious(value)) return;
    const detail = `It is a number of images. Write a whole number from 0 to ${maxKeepPrevious}.`;
    diagnostics.error("Invalid keep_previous", detail, attributePath("keep_previous"));
  }

  function checkKeepDigests(): void {
    for (const value of texts(config, "keep_digests")) if (!isDigest(value)) reportDigest(value, "keep_digests");
  }

  function reportDigest(value: string, attribute: string): void {
    const detail = `${JSON.stringify(value.slice(0, 100))} is not a digest. Write sha256: and 64 lower-case hexadecimal digits, for instance data.imagesync_image.x.digest.`;
    diagnostics.error("Invalid digest", detail, attributePath(attribute));
  }

  function checkChoice(attribute: string, choices: readonly string[]): void {
    const value = text(config, attribute);
    if (value === undefined || choices.includes(value)) return;
    const detail = `${JSON.stringify(value.slice(0, 100))} is not possible here. Write one of: ${choices.map((choice) => `"${choice}"`).join(", ")}.`;
    diagnostics.error(`Invalid ${attribute}`, detail, attributePath(attribute));
  }

  function report(error: unknown, attribute: string): void {
    if (!(error instanceof ImagesyncError)) throw error;
    const described = describeError(error, attributePath(attribute));
    if (described) diagnostics.add(described);
  }
}
