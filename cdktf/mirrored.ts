import { DefaultTokenResolver, StringConcat, Token, Tokenization } from "cdktf";
import type { IConstruct } from "constructs";

/** All of an expression that is the address of a mirrored image, with an index where the resource has a count. */
const mirroredImage =
  /^\$\{imagesync(?:\.[\w-]+(?:\[[^\]]*\])?\.(?:id|tagged_ref)|_repository\.[\w-]+(?:\[[^\]]*\])?\.images\[.*\])\}$/;

/**
 * Whether an image is what a mirror says: it was replaced before, or somebody has written the `ref` of a mirror, of this
 * stack or of another. A digest of ours behind a name of yours is none of that. Only tokens that resolve now are
 * recognised; one that does not is as unknown as any other.
 */
export function isMirrored(image: string, scope: IConstruct): boolean {
  if (!Token.isUnresolved(image)) return mirroredImage.test(image);
  try {
    const { tokens, literals } = Tokenization.reverseString(image);
    if (tokens.length !== 1 || literals.length > 0) return false;
    // In another stack it is read from the state of this one, and what is read has another name there.
    const { identifier } = tokens[0] as { readonly identifier?: unknown };
    if (typeof identifier === "string" && mirroredImage.test(`\${${identifier}}`)) return true;
    const resolver = new DefaultTokenResolver(new StringConcat());
    const text: unknown = Tokenization.resolve(image, { scope, resolver, preparing: false });
    return typeof text === "string" && mirroredImage.test(text);
  } catch {
    // Whatever it is, CDKTF itself will say so when it resolves it for good.
    return false;
  }
}
