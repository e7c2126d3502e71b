/**
 * A login that stands in an address or a reference, as in a URL: nothing here takes one there, and messages about such
 * a text must not repeat it.
 * @returns the text with the login masked; undefined when it has none.
 */
export function withoutLogin(text: string): string | undefined {
  const at = text.lastIndexOf("@");
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  if (at <= scheme.length) return undefined;
  return `${scheme}***${text.slice(at)}`;
}

/** As {@link withoutLogin}, for a text in which a digest may stand behind the same sign. */
export function withoutLoginBeforeHost(text: string): string | undefined {
  const behind = text.slice(text.lastIndexOf("@") + 1);
  const isHost = behind.includes("/") || /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const isDigest = /^sha(?:256|512):[0-9a-f]*$/i.test(behind);
  return isHost && !isDigest ? withoutLogin(text) : undefined;
}
