import { DefaultTokenResolver, StringConcat, Token, Tokenization } from "cdktf";
import type { IConstruct } from "constructs";

/** An attribute of a resource or a data source of imagesync, in what Terraform reads. */
const attributeOfOurs = /(?:^|[^\w.-])(?:data\.)?imagesync(?:_[a-z]+)?\.[A-Za-z_]/;

/**
 * Whether an image is what imagesync says: it was replaced before, or somebody has written the `ref` of a mirror, of
 * this stack or of another. Only tokens that resolve now are recognised; one that does not is as unknown as any other.
 */
export function isMirrored(image: string, scope: IConstruct): boolean {
  if (!Token.isUnresolved(image)) return image.includes("${") && attributeOfOurs.test(image);
  // In another stack it is read from the state of this one, and what is read has another name there.
  const identifiers = Tokenization.reverseString(image).tokens.map(
    (token) => (token as { readonly identifier?: unknown }).identifier,
  );
  if (identifiers.some((identifier) => typeof identifier === "string" && attributeOfOurs.test(identifier))) return true;
  try {
    const resolver = new DefaultTokenResolver(new StringConcat());
    const text: unknown = Tokenization.resolve(image, { scope, resolver, preparing: false });
    return typeof text === "string" && attributeOfOurs.test(text);
  } catch {
    return false;
  }
}
