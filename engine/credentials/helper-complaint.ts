/** More of a line helps nobody. */
const maxComplaintCharacters = 200;

/** Words of a sentence and names of errors, such as `NoCredentialProviders`; no passwords, tokens, keys or addresses. */
const plainWord = /^(?:[a-z]{1,20}(?:[-'][a-z]{1,20})?|[A-Z]?[a-z]{1,20}(?:[A-Z][a-z]{2,20}){0,8}|[A-Z]{1,8})$/;

/** What follows such a word may be the secret itself, and a bad one may be a plain word. */
const secretFollows =
  /\b(?:pass(?:word|wd|phrase|code)?|secret|token|key|pin)\b["']?(?:\s+(?:is|was)\b)?\s*[:=]?\s+\S/i;

/**
 * What a credential helper says about its failure, made fit to be shown: the first line, and of it only what is a word.
 * Helpers print what they were given, and nobody has told us yet what of it is secret. Empty when nothing remains.
 */
export function complaint(text: string): string {
  const line = text.split(/[\r\n]/).find((line) => line.trim() !== "") ?? "";
  const secret = secretFollows.exec(line);
  const told = secret === null ? line : line.slice(0, secret.index);
  const words = told
    .slice(0, 4 * maxComplaintCharacters)
    .split(/\s+/)
    .filter((word) => word !== "")
    .map((word) => {
      const [, before = "", core = "", after = ""] = /^(["'(]?)(.*?)([)"',.:;!?]*)$/.exec(word) ?? [];
      return plainWord.test(core) ? before + core + after : "***";
    });
  if (secret !== null) words.push("***");
  if (words.every((word) => word === "***")) return "";
  const shown = words.join(" ").replace(/\*\*\*(?: \*\*\*)+/g, "***");
  return shown.length <= maxComplaintCharacters ? shown : `${shown.slice(0, maxComplaintCharacters)}…`;
}
