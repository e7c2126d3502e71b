import { parseDigest, pinned } from "../../engine/index.ts";
import { FunctionArgumentError, type FunctionDefinition } from "../protocol/function.ts";
import { blaming, referenceArgument, sentences, textArgument } from "./arguments.ts";

/** The function `pin`: a reference by its digest. */
export const pin: FunctionDefinition = {
  summary: "An image reference pinned to a digest",
  description: [
    "The repository of `reference`, in your spelling, `@` the `digest`: the form in which a Deployment runs exactly this image. A tag in the reference is left out, as no client looks at it beside a digest. A reference that names another digest already is an error.",
    '`pin("ghcr.io/acme/app:1.2", "sha256:…")` is `"ghcr.io/acme/app@sha256:…"`.',
  ].join("\n\n"),
  parameters: [
    { name: "reference", type: "string", description: "An image reference, such as `ghcr.io/acme/app:1.2`." },
    {
      name: "digest",
      type: "string",
      description: "`sha256:` and 64 lower-case hexadecimal digits, or `sha512:` and 128.",
    },
  ],
  returns: "string",
  call(values) {
    const reference = referenceArgument(values, 0);
    const digest = blaming(1, () => parseDigest(textArgument(values, 1)));
    if (reference.digest !== undefined && reference.digest !== digest) {
      const problem = `The reference names another digest already, ${reference.digest}`;
      throw new FunctionArgumentError(1, sentences(problem, "Remove it from the reference to pin that anew"));
    }
    return pinned(reference, digest);
  },
};
