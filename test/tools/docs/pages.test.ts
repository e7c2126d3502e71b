import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { pages, shortName } from "../../../tools/docs/pages.ts";

const root = join(import.meta.dirname, "../../..");

/** What pages are made of, to be spoiled. */
async function copyOfSources(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-pages-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const folder of ["templates", "examples"]) {
    await cp(join(root, folder), join(directory, folder), { recursive: true });
  }
  return directory;
}

describe("the pages", () => {
  test("depend on templates and examples alone, wherever these are", async () => {
    expect(pages(await copyOfSources())).toEqual(pages(root));
  });

  test("of a type have its own template, or that of all types of its kind", async () => {
    const directory = await copyOfSources();
    await writeFile(join(directory, "templates/data-sources.md.tmpl"), "{{ .Name }}, a {{ .Type }}\n");
    const made = pages(directory);
    expect(made.get("docs/data-sources/tags.md")).toBe("imagesync_tags, a Data Source\n");
    expect(made.get("docs/resources/repository.md")).toBe(pages(root).get("docs/resources/repository.md"));
    await rm(join(directory, "templates/resources/repository.md.tmpl"));
    expect(() => pages(directory)).toThrow(
      "docs/resources/repository.md has no template: write templates/resources/repository.md.tmpl or templates/resources.md.tmpl",
    );
  });

  test("lack no example that their template shows", async () => {
    const directory = await copyOfSources();
    await rm(join(directory, "examples/functions/pin/function.tf"));
    expect(() => pages(directory)).toThrow(
      /^templates\/functions\.md\.tmpl: \{\{ tffile \.ExampleFile \}\}: there is no/,
    );
  });

  test("have names without the prefix of the provider, but for the type that is called as the provider", () => {
    expect(["imagesync", "imagesync_repository", "pin"].map(shortName)).toEqual(["imagesync", "repository", "pin"]);
  });
});
