import { matchGlob } from "../../engine/index.ts";
import type { FunctionDefinition } from "../protocol/function.ts";
import { blaming, textArgument } from "./arguments.ts";

/** The function `glob_match`: whether a text is of a pattern. */
export const globMatch: FunctionDefinition = {
  summary: "Whether a glob matches the whole of a text",
  description: [
    "In the language of `include` and `exclude`, which is Harbor's:",
    [
      "- `*` is any number of characters, `?` is one; both stop at a slash",
      "- `**` between slashes is any number of parts of a path, none included",
      "- `{a,b}` is one of several, `[a-z]` one of these characters, `[^a-z]` any other",
      "- `\\` takes the meaning from the next character",
    ].join("\n"),
    '`glob_match("1.2*", "1.27")` and `glob_match("library/**", "library/a/b")` are true, `glob_match("*", "a/b")` is false.',
  ].join("\n\n"),
  parameters: [
    { name: "pattern", type: "string", description: "A glob, such as `v1.{2,3}*`." },
    { name: "text", type: "string", description: "What it is held against, such as a tag." },
  ],
  returns: "bool",
  call(values) {
    const text = textArgument(values, 1);
    const pattern = textArgument(values, 0);
    return blaming(0, () => matchGlob(pattern, text));
  },
};
