import { createHash } from "node:crypto";
import { Annotations, TerraformProvider, TerraformResource, TerraformStack, Token } from "cdktf";
import type { IConstruct } from "constructs";
import { canonicalReference, parseReference } from "../engine/oci/reference.ts";
import { Imagesync, type ImagesyncConfig, ImagesyncProvider } from "./bindings/index.js";
import type { MirroredPair } from "./image-choice.ts";

/** The arguments of a mirror that do not say which image it is of. */
export type MirrorSettings = Omit<ImagesyncConfig, "source" | "destination" | "count" | "forEach">;

/**
 * The resource that keeps the image at its place: the one of the stack when there is one, whoever has made it, else a
 * new one. Its name depends on nothing but the image and the place, so that other images do not make it another resource.
 * @throws when another image is kept at that place
 */
export function mirrorIn(stack: TerraformStack, pair: MirroredPair, settings: MirrorSettings): Imagesync {
  const everywhere = mirrorsBelow(stack.node.root);
  const atPlace = everywhere.filter((mirror) => canonical(mirror.destinationInput) === pair.destination);
  const here = atPlace.find((mirror) => TerraformStack.of(mirror) === stack);
  if (here !== undefined) {
    const other = canonical(here.sourceInput);
    if (other === pair.source) return here;
    throw new Error(
      `"${pair.source}" and "${other ?? "an image that is not known yet"}" meet in "${pair.destination}". Keep them apart by "rewrite", or leave one alone by "exclude"`,
    );
  }
  const mirror = new Imagesync(stack, nameOf(pair), {
    ...settings,
    provider: settings.provider ?? defaultProvider(stack),
    ...pair,
  });
  const [elsewhere] = atPlace;
  if (elsewhere !== undefined && settings.deletionPolicy !== "retain") {
    Annotations.of(mirror).addWarning(
      `The stack "${TerraformStack.of(elsewhere).node.path}" keeps the same image at "${pair.destination}": when one stack is destroyed, the other loses it. Set deletionPolicy to "retain"`,
    );
  }
  return mirror;
}

function mirrorsBelow(root: IConstruct): readonly Imagesync[] {
  return root.node
    .findAll()
    .filter(
      (construct): construct is Imagesync =>
        TerraformResource.isTerraformResource(construct) && construct.terraformResourceType === "imagesync",
    )
    .filter(({ count, forEach }) => count === undefined && forEach === undefined);
}

/** Undefined when it is not known yet, or no reference at all. */
function canonical(reference: string | undefined): string | undefined {
  if (reference === undefined || Token.isUnresolved(reference)) return undefined;
  try {
    return canonicalReference(parseReference(reference));
  } catch {
    // The provider says at plan what is wrong with it, better than it could be said here.
    return undefined;
  }
}

/** Letters for people, and a digest because what is left out of the letters may be all the difference. */
function nameOf({ source, destination }: MirroredPair): string {
  const letters = source
    .replace(/@.*$/, "")
    .replace(/^.*\//, "")
    .replace(/[^A-Za-z0-9_]+/g, "-");
  const digest = createHash("sha256").update(`${source} ${destination}`).digest("hex").slice(0, 8);
  return `mirror-${letters}-${digest}`;
}

/** A provider without an alias is what resources use that name none; a stack without any has a plain one made. */
function defaultProvider(stack: TerraformStack): TerraformProvider {
  const found = stack.node
    .findAll()
    .filter((construct) => TerraformProvider.isTerraformProvider(construct))
    .find(
      (provider) =>
        provider.terraformResourceType === "imagesync" &&
        provider.alias === undefined &&
        TerraformStack.of(provider) === stack,
    );
  return found ?? new ImagesyncProvider(stack, "imagesync");
}
