import { RE2JS, RE2JSSyntaxException } from "re2js";
import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";

const maxLength = 1000;
/**
 * The time for one tag grows with the length of the tag times the size of the program: repetitions such as
 * `(\w{30}){30}` make large ones of few characters.
 */
const maxProgram = 1000;

/**
 * A test whether an expression in RE2's syntax matches the whole of a text, in time linear in its length, whatever the
 * expression is: there are no back-references and no look-around.
 * @throws `config` with what is wrong and where.
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function compileRegex(expression: string): (text: string) => boolean {
  if (expression.length > maxLength) {
    throw invalid(expression, `it has ${expression.length} characters, ${maxLength} are possible`);
  }
  const compiled = compile(expression);
  if (compiled.programSize() > maxProgram) throw invalid(expression, "its repetitions make it too large");
  return (text) => compiled.testExact(text);
}

function compile(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw invalid(expression, "it cannot be read", error);
    throw invalid(expression, `${error.getDescription()}${place(expression, error.getPattern())}`, error);
  }
}

/** Where the offending part stands; the first of several that read alike, which is mostly the right one. */
function place(expression: string, part: string | null | undefined): string {
  const index = part === null || part === undefined || part === "" ? -1 : expression.indexOf(part);
  return index < 0 || part === expression ? "" : ` at character ${index + 1}, ${quote(part ?? "")}`;
}

function invalid(expression: string, why: string, cause?: unknown): ImagesyncError {
  return new ImagesyncError({
    code: "config",
    operation: "read a regular expression",
    message: `Invalid regular expression ${quote(expression)}: ${why}`,
    hint: "Write it in RE2's syntax, without back-references and look-around; it has to match the whole tag",
    cause,
  });
}
