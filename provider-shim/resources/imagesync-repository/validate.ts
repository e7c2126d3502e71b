import { ImagesyncError, parsePlatform, parseRepository, type Reference } from "../../../engine/index.ts";
import { deletionPolicies } from "../../deletion-policy.ts";
import { describeError } from "../../describe-error.ts";
import type { Context } from "../../protocol/context.ts";
import { attributePath } from "../../protocol/diagnostics.ts";
import { isUnknown, type ObjectValue } from "../../protocol/value.ts";
import { validateSelection } from "../../selection.ts";
import { validateTimeouts } from "../../timeouts.ts";
import { isKeepPrevious, maxKeepPrevious } from "../imagesync/retention.ts";
import { text, texts } from "../imagesync/state.ts";
import { validateDeletions } from "./deletions.ts";

/** Offline, and silent about everything that is not known yet. Every finding points at its attribute. */
export function validateRepository(config: ObjectValue, context: Context): void {
  const { diagnostics } = context;
  const source = check("source");
  const destination = check("destination");
  checkDistinct();
  validateSelection(config, context);
  for (const attribute of ["platforms", "required_platforms"]) {
    // Terraform knows no path into a set: the finding ends at the attribute and names the element.
    for (const name of texts(config, attribute)) attempt(attribute, () => parsePlatform(name));
  }
  checkChoice("on_conflict", ["overwrite", "keep", "fail"]);
  checkChoice("integrity_check", ["tag", "manifests", "blobs"]);
  checkChoice("on_source_unavailable", ["keep", "fail"]);
  checkChoice("deletion_policy", deletionPolicies);
  checkKeepPrevious();
  validateDeletions(config, context);
  validateTimeouts(config["timeouts"], context);

  function check(attribute: "source" | "destination"): Reference | undefined {
    const value = text(config, attribute);
    return value === undefined ? undefined : attempt(attribute, () => parseRepository(value));
  }

  /** A mirror of itself would copy nothing, and its destroy would take the source away. */
  function checkDistinct(): void {
    if (source?.registry !== destination?.registry || source?.repository !== destination?.repository) return;
    if (!source) return;
    const detail = `"source" and "destination" name the same repository, and destroying the resource would delete its tags. Write another repository as the destination.`;
    diagnostics.error("Destination is the source", detail, attributePath("destination"));
  }

  function checkKeepPrevious(): void {
    const value = config["keep_previous"];
    if (value === undefined || value === null || isUnknown(value) || isKeepPrevious(value)) return;
    const detail = `It is a number of images. Write a whole number from 0 to ${maxKeepPrevious}.`;
    diagnostics.error("Invalid keep_previous", detail, attributePath("keep_previous"));
  }

  function checkChoice(attribute: string, choices: readonly string[]): void {
    const value = text(config, attribute);
    if (value === undefined || choices.includes(value)) return;
    const detail = `${JSON.stringify(value.slice(0, 100))} is not possible here. Write one of: ${choices.map((choice) => `"${choice}"`).join(", ")}.`;
    diagnostics.error(`Invalid ${attribute}`, detail, attributePath(attribute));
  }

  function attempt<T>(attribute: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const described = error instanceof ImagesyncError && describeError(error, attributePath(attribute));
      if (!described) throw error;
      diagnostics.add(described);
      return undefined;
    }
  }
}
