/**
 * Whether a well-formed glob matches, by trying everything: braces are written out, then components are compared. For
 * short patterns only.
 */
export function naiveMatch(pattern: string, text: string): boolean {
  return writtenOut(pattern).some((plain) => matchComponents(plain.split("/"), text.split("/")));
}

/** Every pattern without braces that this one stands for. */
function writtenOut(pattern: string): string[] {
  const open = pattern.indexOf("{");
  if (open < 0) return [pattern];
  let depth = 0;
  let start = open + 1;
  const alternatives: string[] = [];
  for (let index = open; ; index++) {
    const character = pattern[index];
    if (character === undefined) throw new Error(`Not well-formed: ${pattern}`);
    if (character === "{") depth++;
    if (character === "}") depth--;
    if ((character === "," && depth === 1) || depth === 0) {
      alternatives.push(pattern.slice(start, index));
      start = index + 1;
    }
    if (depth === 0) {
      const rest = pattern.slice(index + 1);
      // Behind a brace no component begins: two stars are as good as one there, also those that follow an empty one.
      return alternatives.flatMap((alternative) => writtenOut(`${pattern.slice(0, open)}\u{0}${alternative}${rest}`));
    }
  }
}

function matchComponents(patterns: readonly string[], texts: readonly string[]): boolean {
  const [pattern, ...morePatterns] = patterns;
  const [text, ...moreTexts] = texts;
  if (pattern === undefined) return text === undefined;
  if (pattern === "**") {
    if (morePatterns.length === 0) return text !== undefined;
    return matchComponents(morePatterns, texts) || (text !== undefined && matchComponents(patterns, moreTexts));
  }
  return text !== undefined && matchCharacters(pattern, text) && matchComponents(morePatterns, moreTexts);
}

function matchCharacters(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  const rest = pattern.slice(1);
  switch (pattern[0]) {
    case "\u{0}":
      return matchCharacters(rest, text);
    case "*":
      return matchCharacters(rest, text) || (text !== "" && matchCharacters(pattern, text.slice(1)));
    case "?":
      return text !== "" && matchCharacters(rest, text.slice(1));
    case "[": {
      const end = pattern.indexOf("]");
      const among = new RegExp(`^${pattern.slice(0, end + 1)}$`);
      return text !== "" && among.test(text.charAt(0)) && matchCharacters(pattern.slice(end + 1), text.slice(1));
    }
    case "\\":
      return text.startsWith(pattern.charAt(1)) && matchCharacters(pattern.slice(2), text.slice(1));
    default:
      return text.startsWith(pattern.charAt(0)) && matchCharacters(rest, text.slice(1));
  }
}
