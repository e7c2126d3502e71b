import { formatReference, ImagesyncError, parseReference, type Reference } from "../../engine/index.ts";
import { FunctionArgumentError, type FunctionDefinition } from "../protocol/function.ts";
import { blaming, referenceArgument, sentences, textArgument } from "./arguments.ts";

/** The function `rewrite`: a reference as it is called at a mirror. */
export const rewrite: FunctionDefinition = {
  summary: "An image reference under another registry",
  description: [
    "The reference below `prefix`: its registry is replaced, its whole path, its tag and its digest are kept. That is how pull-through caches and the `mirrors` of a `registry` block lay out what they mirror.",
    [
      '- `rewrite("nginx:1.27", "mirror.internal/dockerhub")` is `"mirror.internal/dockerhub/library/nginx:1.27"`',
      '- `rewrite("ghcr.io/acme/app@sha256:…", "registry.example.com")` is `"registry.example.com/acme/app@sha256:…"`',
    ].join("\n"),
    "Images of several registries below one prefix can meet in one path. Keep them apart by a prefix that has the registry:",
    '`rewrite(image, "registry.example.com/mirror/${provider::imagesync::parse_reference(image).registry}")` is `"registry.example.com/mirror/docker.io/library/nginx:1.27"` for `"nginx:1.27"`.',
  ].join("\n\n"),
  parameters: [
    { name: "reference", type: "string", description: "An image reference, such as `docker.io/library/nginx:1.27`." },
    {
      name: "prefix",
      type: "string",
      description:
        "`host`, `host:port` or `host/path`, such as `registry.example.com/mirror`. A slash at its end is optional.",
    },
  ],
  returns: "string",
  call(values) {
    const reference = referenceArgument(values, 0);
    const prefix = textArgument(values, 1).replace(/\/$/, "");
    checkPrefix(prefix);
    return blaming(0, () => formatReference(placed(reference, `${prefix}/${reference.repository}`)));
  },
};

/** A prefix is good if the shortest repository is one below it. @throws FunctionArgumentError */
function checkPrefix(prefix: string): void {
  const advice = "Write it as host, host:port or host/path";
  if (prefix === "") throw new FunctionArgumentError(1, sentences("The prefix is empty", advice));
  try {
    parseReference(`${prefix}/x`);
  } catch (error) {
    if (!(error instanceof ImagesyncError)) throw error;
    const problem = `The prefix is not the start of an image reference: ${error.message}`;
    throw new FunctionArgumentError(1, sentences(problem, advice));
  }
}

/** The reference under another name. @throws `invalid-reference` when that is too long. */
function placed({ tag, digest }: Reference, name: string): Reference {
  return { ...parseReference(name), tag, digest };
}
