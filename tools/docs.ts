/** Writes the provider's pages for the Terraform Registry, and removes those of types that are gone. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { filesBelow, pageFolders, pages } from "./docs/pages.ts";

const root = resolve(import.meta.dirname, "..");
const made = pages(root);
for (const [path, text] of made) {
  const file = join(root, path);
  const present = existsSync(file) && readFileSync(file, "utf8") === text;
  mkdirSync(dirname(file), { recursive: true });
  if (!present) writeFileSync(file, text);
  console.log(`${path}: ${present ? "up to date" : "written"}`);
}
for (const path of pageFolders.flatMap((folder) => filesBelow(root, `docs/${folder}`))) {
  if (made.has(path)) continue;
  rmSync(join(root, path));
  console.log(`${path}: removed`);
}
