/**
 * The word among those that are possible that was probably meant: the same but for its spelling style
 * (`replace-tag`, `replaceTag`), a part of one, or at most two letters away. Undefined when none is near.
 */
export function suggestion(word: string, possible: readonly string[]): string | undefined {
  const wanted = plain(word);
  if (wanted === "" || wanted.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = wanted.length < 5 ? 2 : 3;
  for (const candidate of possible) {
    const other = plain(candidate);
    const distance = wanted === other ? 0 : isPlural(wanted, other) ? 0.5 : editDistance(wanted, other);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? possible.find((candidate) => wanted.length >= 4 && plain(candidate).startsWith(wanted));
}

/** `; did you mean "x"?`, or what is possible when that is a short list, or nothing. */
export function didYouMean(word: string, possible: readonly string[]): string {
  const near = suggestion(word, possible);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return possible.length <= 6 ? `; possible are ${possible.map((each) => `"${each}"`).join(", ")}` : "";
}

function plain(word: string): string {
  return word.replace(/[-_ ]/g, "").toLowerCase();
}

function isPlural(a: string, b: string): boolean {
  return a === `${b}s` || b === `${a}s`;
}

/** How many letters must be put in, left out, or exchanged (also with their neighbour) to make one of the other. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(changed, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length] ?? 0;
}
