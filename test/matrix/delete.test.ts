import { describe, expect, test } from "vitest";
import { dockerRegistryProgram } from "../support/registries/index.ts";
import { profileNames, profiles } from "../support/registries/profiles/index.ts";
import { type DeleteCell, deleteCell } from "./delete-cell.ts";
import { deleteCases } from "./delete-cases.ts";
import { startReal } from "./real-stage.ts";
import { played } from "./stage.ts";
import { deleteTable, profileTable, requestList } from "./delete-table.ts";

/** What the largest case, an index of five platforms, may cost at the registry with the longest way. */
const mostReads = 50;

const rows = new Map<string, Map<string, DeleteCell>>();
const untold = new Map<string, Map<string, DeleteCell>>();

describe.each(profileNames)("a removal at %s", (name) => {
  const row = new Map<string, DeleteCell>();
  rows.set(name, row);
  test.each(deleteCases(profiles[name].cells))("$name", async (given) => {
    const cell = await deleteCell(played(name), given);
    row.set(given.name, cell);
    expect(cell.outcome).toBe(given.comesTo);
    expect(cell.reads).toBeLessThan(mostReads);
  });
});

describe.each(profileNames)("a removal at %s by an engine that does not know the family", (name) => {
  const row = new Map<string, DeleteCell>();
  untold.set(name, row);
  test.each(deleteCases(profiles[name].cells))("$name", async (given) => {
    const cell = await deleteCell(played(name), given, { told: false });
    row.set(given.name, cell);
    // Whoever does not know how may refuse, but never harm.
    expect([given.comesTo, "refused"]).toContain(cell.outcome);
  });
});

test("a delete that Docker Hub answers with 500 and does all the same comes to the same", async () => {
  for (const given of deleteCases(profiles["docker-hub"].cells).filter(({ comesTo }) => comesTo === "removed")) {
    const { happened, outcome } = await deleteCell(played("docker-hub"), given);
    expect(await deleteCell(played("docker-hub", { answersLate: true }), given)).toMatchObject({ happened, outcome });
  }
});

describe.skipIf(dockerRegistryProgram === undefined)("a removal at the real docker-registry 2.8", () => {
  const { cells } = profiles["distribution-2.8"];
  test.each(deleteCases(cells))("$name: comes to the same by the same requests as at the played one", async (given) => {
    const { reads: _, ...real } = await deleteCell(startReal, given);
    expect(await deleteCell(played("distribution-2.8"), given)).toMatchObject(real);
  });
});

// Written anew by `vitest run test/matrix -u`; what changed there is to be read like code.
test("removals come to what the tables say, family by family", async () => {
  process.stdout.write(
    `${deleteTable(rows)}\nThe same where nobody says which family it is:\n\n${deleteTable(untold)}`,
  );
  const known = profileTable(profileNames.map((name) => profiles[name]));
  const table = [deleteTable(rows), deleteTable(untold), requestList(rows), known].join("\n");
  await expect(table).toMatchFileSnapshot("delete-matrix.txt");
});
