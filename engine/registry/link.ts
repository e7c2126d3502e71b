/**
 * The address of the next page, from a Link header: the one whose relations include `next`. Several links may stand in
 * one header, and commas and semicolons in their addresses and quoted parameters.
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextPage(header: string | undefined): string | undefined {
  for (const [, address, parameters = ""] of (header ?? "").matchAll(/<([^<>]*)>([^<]*)/g)) {
    const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters);
    const relations = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (relations.includes("next")) return address;
  }
  return undefined;
}
