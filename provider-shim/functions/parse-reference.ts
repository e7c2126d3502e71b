import { canonicalReference } from "../../engine/index.ts";
import type { FunctionDefinition } from "../protocol/function.ts";
import { objectValue } from "../protocol/value.ts";
import { referenceArgument } from "./arguments.ts";

/** The function `parse_reference`: the parts of an image reference. */
export const parseReferenceFunction: FunctionDefinition = {
  summary: "The parts of an image reference",
  description: [
    "Reads `[registry/]repository[:tag][@digest]` the way every client does, without asking a registry. The result is an object:",
    [
      '- `registry`: `host` or `host:port` in lower case; `"docker.io"` for every name of Docker Hub, and where none is written',
      '- `repository`: the path, such as `"library/nginx"`, which a short `nginx` means',
      "- `tag`, `digest`: as written, null where it is not",
      "- `name`: the repository as it was written, without tag and digest",
      "- `canonical`: the whole in its longest form, equal for two references exactly if they mean the same",
    ].join("\n"),
    '`parse_reference("nginx:1.27")` has the registry `"docker.io"`, the repository `"library/nginx"`, the tag `"1.27"`, no digest, the name `"nginx"` and the canonical form `"docker.io/library/nginx:1.27"`.',
  ].join("\n\n"),
  parameters: [
    { name: "reference", type: "string", description: "An image reference, such as `ghcr.io/acme/app:1.2`." },
  ],
  returns: [
    "object",
    {
      registry: "string",
      repository: "string",
      tag: "string",
      digest: "string",
      name: "string",
      canonical: "string",
    },
  ],
  call(values) {
    const reference = referenceArgument(values, 0);
    return objectValue({
      registry: reference.registry,
      repository: reference.repository,
      tag: reference.tag ?? null,
      digest: reference.digest ?? null,
      name: reference.spelled,
      canonical: canonicalReference(reference),
    });
  },
};
