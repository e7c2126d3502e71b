import type { Cells, Profile } from "../support/registries/profiles/index.ts";
import type { DeleteCell } from "./delete-cell.ts";

/** Family → case → what happened. */
export type DeleteRows = ReadonlyMap<string, ReadonlyMap<string, DeleteCell>>;

/** One table of all families and cases. */
export function deleteTable(rows: DeleteRows): string {
  const cases = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))];
  const lines = [...rows].map(([family, row]) => [
    family,
    ...cases.map((name) => {
      const cell = row.get(name);
      return cell === undefined ? "-" : marked(cell.happened, cell.verified);
    }),
  ]);
  return [
    "What removing one tag comes to. m1/2: of two manifests that only this image had, one is gone; b: blobs alike.",
    'A "?" rests on behaviour of the registry that is known from memory only.',
    "",
    ...aligned([["", ...cases], ...lines]),
    "",
  ].join("\n");
}

/** What was sent in each case besides reads, with its answer. */
export function requestList(rows: DeleteRows): string {
  const lines = [...rows].flatMap(([family, row]) => [
    `${family}:`,
    ...aligned([...row].map(([name, cell]) => [`  ${name}`, cell.sent === "" ? "nothing" : cell.sent])),
    "",
  ]);
  return ["What was sent for it besides reads.", "", ...lines].join("\n");
}

const names: readonly (keyof Cells)[] = [
  "login",
  "tagDelete",
  "digestDelete",
  "blobDelete",
  "refusedDelete",
  "api",
  "referrers",
  "mount",
  "chunks",
  "creation",
  "tagPages",
];

/** What is known of each family, and from where. */
export function profileTable(profiles: readonly Profile[]): string {
  const lines = profiles.map(({ name, cells }) => [
    name,
    ...names.map((each) => marked(cells[each].is, cells[each].known !== "memory")),
  ]);
  return ["How the families differ.", "", ...aligned([["", ...names], ...lines]), ""].join("\n");
}

function marked(text: string, verified: boolean): string {
  return verified ? text : `${text} ?`;
}

function aligned(table: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...table.map((line) => (line[column] ?? "").length));
  const widths = (table[0] ?? []).map((_, column) => width(column));
  return table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
