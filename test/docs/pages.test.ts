import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { shortName } from "../../tools/docs/pages.ts";
import { generatedPages, typeNames } from "./declared.ts";
import { documentOf, documents, links, root } from "./markdown.ts";

/** What the Registry reads: the index, and what stands in folders of these names. */
const folders = ["resources", "data-sources", "functions", "guides"];
const files = ["index.md", ...folders.flatMap((folder) => below(folder))].map((name) => `docs/${name}`);
const frontMatters = files.map((file) => ({ file, keys: frontMatterOf(file) }));

describe("the pages of the provider", () => {
  test("are what make docs would write, and no others stand beside them", () => {
    const present = [...generatedPages.keys()].map((file) => [file, readFileSync(join(root, file), "utf8")]);
    expect(Object.fromEntries(present)).toEqual(Object.fromEntries(generatedPages));
    const generated = files.filter((file) => !file.startsWith("docs/guides/"));
    expect(generated.toSorted()).toEqual([...generatedPages.keys()].toSorted());
  });

  test("are one for each type, with short names", () => {
    const names = [...generatedPages.keys()].flatMap((file) => /^docs\/[a-z-]+\/(.+)\.md$/.exec(file)?.[1] ?? []);
    expect(names.toSorted()).toEqual(typeNames().map(shortName).toSorted());
  });

  test("show every file of the examples of the provider and its types", () => {
    const examples = ["provider", "resources", "data-sources", "functions"].flatMap((folder) =>
      filesIn("examples", folder),
    );
    const all = [...generatedPages.values()].join("\n");
    expect(examples.length).toBeGreaterThan(typeNames().length);
    const shown = (file: string): boolean => all.includes(`\n${readFileSync(join(root, file), "utf8").trim()}\n\`\`\``);
    expect(examples.filter((file) => !shown(file))).toEqual([]);
  });

  test("are listed on the index, all of them, and every guide there or on one that is", () => {
    const index = linkedFrom("docs/index.md");
    const pages = [...generatedPages.keys()].filter((file) => file !== "docs/index.md");
    expect(pages.filter((file) => !index.includes(file))).toEqual([]);
    const reached = new Set([...index, ...index.flatMap(linkedFrom)]);
    expect(files.filter((file) => !reached.has(file) && file !== "docs/index.md")).toEqual([]);
  });
});

/** https://developer.hashicorp.com/terraform/registry/providers/docs */
describe("what the Terraform Registry reads", () => {
  test("is Markdown directly in folders that it knows, and of a size that it takes", () => {
    const known = new Set([...folders, "ephemeral-resources", "actions", "list-resources", "cdktf"]);
    const present = readdirSync(join(root, "docs"), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() && below(entry.name).length > 0 ? [entry.name] : [],
    );
    expect(present.filter((name) => !known.has(name))).toEqual([]);
    expect(files.length).toBeLessThan(2000);
    expect(files.filter((file) => !/^docs\/(?:[a-z-]+\/)?[\w-]+\.md$/.test(file))).toEqual([]);
    expect(files.filter((file) => statSync(join(root, file)).size >= 500_000)).toEqual([]);
    expect(documents().filter(({ file }) => file.startsWith("website/"))).toEqual([]);
  });

  test("begins with its title and description, and a category except on the index", () => {
    const index = ["page_title", "description"];
    const page = ["page_title", "subcategory", "description"];
    expect(frontMatters.map(({ file, keys }) => ({ file, keys: Object.keys(keys) }))).toEqual(
      files.map((file) => ({ file, keys: file === "docs/index.md" ? index : page })),
    );
    const texts = frontMatters.flatMap(({ keys }) => Object.values(keys));
    expect(texts.filter((text) => typeof text !== "string")).toEqual([]);
  });

  test("leads to nothing that it does not have: what is elsewhere in the sources is named, or has a whole address", () => {
    const led = files.flatMap((file) =>
      links(documentOf(file))
        .filter((target) => !/^(?:https:|#)/.test(target))
        .map((target) => ({ file, target: join(dirname(file), target.replace(/#.*/, "")) })),
    );
    expect(led.length).toBeGreaterThan(files.length);
    expect(led.filter(({ target }) => !files.includes(target))).toEqual([]);
  });

  test("has no title twice, and descriptions that are sentences", () => {
    const titles = frontMatters.map(({ keys }) => keys["page_title"]);
    expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([]);
    const descriptions = frontMatters.map(({ file, keys }) => ({ file, text: String(keys["description"]) }));
    expect(descriptions.filter(({ text }) => !/^\S[^]*\.$/.test(text.trim()))).toEqual([]);
  });
});

/** The documents that one leads to. */
function linkedFrom(file: string): readonly string[] {
  const targets = links(documentOf(file)).filter((target) => !/^[a-z]+:|^#/.test(target) && /\.md(?:#|$)/.test(target));
  return targets.map((target) => relative(root, join(root, dirname(file), target.replace(/#.*/, ""))));
}

function below(folder: string): readonly string[] {
  return filesIn("docs", folder).map((file) => file.replace(/^docs\//, ""));
}

function filesIn(top: string, folder: string): readonly string[] {
  return readdirSync(join(root, top, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath.slice(root.length + 1), entry.name));
}

function frontMatterOf(file: string): Readonly<Record<string, unknown>> {
  const [, yaml] = /^---\n([^]*?)\n---\n\n# \S/.exec(readFileSync(join(root, file), "utf8")) ?? [];
  if (yaml === undefined) throw new Error(`${file} does not begin with front matter and a heading`);
  return parse(yaml) as Readonly<Record<string, unknown>>;
}
