import { describe, expect, test } from "vitest";
import { vendors } from "../../engine/index.ts";
import { anchors, codeSpans, documentOf, documents, tableUnder } from "./markdown.ts";

const index = documentOf("docs/guides/registries.md");
const pages = documents().filter(({ file }) => file.startsWith("docs/guides/registr") && file !== index.file);

describe("the pages of the families of registries", () => {
  const rows = tableUnder("Registries, family by family", index);

  test("stand in the table, all of them", () => {
    const linked = rows.map(([page = ""]) => /\(([a-z-]+\.md)\)/.exec(page)?.[1]);
    expect(new Set(linked)).toEqual(new Set(pages.map(({ file }) => file.split("/").at(-1))));
  });

  test("stand in the table of logins, in the same order", () => {
    const logins = tableUnder("Registry by registry", documentOf("docs/guides/authentication.md"));
    expect(logins.map(([page]) => page)).toEqual(rows.map(([page]) => page));
    expect(logins.filter((row) => row.length !== 6 || row.includes(""))).toEqual([]);
  });

  test("name every family that can be set, each once", () => {
    const named = rows.flatMap(([, , vendor = ""]) => codeSpans({ prose: vendor }));
    expect(named.toSorted()).toEqual([...vendors].toSorted());
  });

  test("say what was tested, each of them", () => {
    expect(pages.filter((page) => !anchors(page).includes("tested"))).toEqual([]);
  });
});
