/** What went wrong with one tag. */
interface Failed {
  readonly tag: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Beyond these a message is read by nobody; the next plan shows what is left. */
const maxLines = 10;

/** Failures of single tags, as lines for people, with what to do about the first of them. */
export function failureText(failures: readonly Failed[]): string {
  const sorted = failures.toSorted((a, b) => (a.tag < b.tag ? -1 : 1));
  const lines = sorted.slice(0, maxLines).map(({ tag, message }) => `- ${tag}: ${message}.`);
  const more = sorted.length > maxLines ? [`- and ${sorted.length - maxLines} more`] : [];
  const hints = [...new Set(sorted.flatMap(({ hint }) => hint ?? []))].slice(0, 2).map((hint) => `\n${hint}.`);
  return [...lines, ...more, ...hints].join("\n");
}
