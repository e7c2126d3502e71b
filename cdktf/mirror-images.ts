import { Annotations, type IAspect, TerraformResource, TerraformStack, Token } from "cdktf";
import type { IConstruct } from "constructs";
import { type ImageChoiceOptions, imageChoice, type MirroredPair } from "./image-choice.ts";
import { isMirrored } from "./mirrored.ts";
import { type MirrorSettings, mirrorIn } from "./mirrors.ts";
import { visitWorkload } from "./workload.ts";

export interface MirrorImagesOptions extends ImageChoiceOptions {
  /** The platforms to mirror, such as `linux/amd64`. @default the provider's `default_platforms`, else whole images */
  readonly platforms?: readonly string[];
  /** The provider of the mirrors, of the same stack. @default the stack's without an alias, made if there is none */
  readonly provider?: MirrorSettings["provider"];
  /** Further arguments of the mirrors, such as `deletionPolicy`. */
  readonly settings?: Omit<MirrorSettings, "platforms" | "provider">;
  /**
   * What to do about an image that cannot be seen before Terraform runs, or is no reference, and therefore stays what
   * it is: `warn`, or `fail` the synthesis. @default "warn"
   */
  readonly onUnknownImage?: "warn" | "fail";
}

/**
 * Makes what runs on Kubernetes run from your registry, pinned by digest: add it to the aspects of a stack, or of a part
 * of one. (CDKTF does not apply the aspects of an App.) Each distinct image becomes one resource `imagesync` of the stack, and
 * what runs the image gets its `id`. What cannot be seen is reported as an annotation, never passed over.
 */
export class MirrorImages implements IAspect {
  readonly #choose: (image: string) => MirroredPair | undefined;
  readonly #settings: MirrorSettings;
  readonly #onUnknownImage: "warn" | "fail";

  /** @throws when the options contradict each other, or `prefix` or a glob cannot be read. */
  constructor(options: MirrorImagesOptions) {
    const { platforms, provider, settings, onUnknownImage = "warn" } = options;
    this.#choose = imageChoice(options);
    this.#settings = {
      ...settings,
      ...(platforms === undefined ? {} : { platforms: [...platforms] }),
      ...(provider === undefined ? {} : { provider }),
    };
    this.#onUnknownImage = onUnknownImage;
  }

  /** Called by CDKTF for each construct below the one that has the aspect. */
  visit(node: IConstruct): void {
    if (!TerraformResource.isTerraformResource(node)) return;
    visitWorkload(node, {
      replace: (image) => this.#replace(image, node),
      unknown: (place) =>
        this.#report(
          node,
          `MirrorImages cannot see the image at ${place}, which stays as it is: it is not known before Terraform runs`,
        ),
    });
  }

  #replace(image: string, node: TerraformResource): string {
    if (isMirrored(image, node)) return image;
    if (Token.isUnresolved(image) || image.includes("${")) {
      this.#report(
        node,
        `MirrorImages cannot see an image, which stays as it is: it is an expression of Terraform. Write the image itself, or the ref of a MirroredImage`,
      );
      return image;
    }
    let pair: MirroredPair | undefined;
    try {
      pair = this.#choose(image);
    } catch (error) {
      this.#report(node, `MirrorImages leaves ${JSON.stringify(image)} as it is: ${messageOf(error)}`);
      return image;
    }
    if (pair === undefined) return image;
    try {
      return mirrorIn(this.#stackOf(node), pair, this.#settings).id;
    } catch (error) {
      annotate(node, "fail", `MirrorImages cannot mirror ${JSON.stringify(image)}: ${messageOf(error)}`);
      return image;
    }
  }

  /** @throws when the provider belongs to another stack, to which no reference leads */
  #stackOf(node: TerraformResource): TerraformStack {
    const stack = TerraformStack.of(node);
    const { provider } = this.#settings;
    if (provider !== undefined && TerraformStack.of(provider) !== stack)
      throw new Error(
        `The provider "${provider.node.path}" is of another stack. Give each stack an aspect with its own`,
      );
    return stack;
  }

  #report(node: IConstruct, message: string): void {
    annotate(node, this.#onUnknownImage, message);
  }
}

/** A stack that is synthesised twice is visited twice, and told of everything once. */
function annotate(node: IConstruct, level: "warn" | "fail", message: string): void {
  if (node.node.metadata.some(({ data }) => data === message)) return;
  const annotations = Annotations.of(node);
  if (level === "warn") annotations.addWarning(message);
  else annotations.addError(message);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
