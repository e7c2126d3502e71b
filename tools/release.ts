/**
 * `make release`: the files of a release of the provider, in dist/release/, and the package that npm publishes, in
 * dist/npm/imagesync/. Equal sources become equal bytes, but for the signature.
 *
 *   --output DIR    put them there instead of dist/
 *   --only NAME     only this platform, for example linux_amd64, or only `npm`; may be repeated
 *
 * With IMAGESYNC_SIGNING_KEY (the fingerprint of a key that gpg has, RSA or DSA) the checksums are signed;
 * IMAGESYNC_SIGNING_PASSPHRASE unlocks the key. Other platforms' parts come from npm, C libraries from Debian.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./build/bundle.ts";
import { findCompiler } from "./build/compile.ts";
import { products } from "./build/product.ts";
import { checksums, signFile } from "./release/checksums.ts";
import { npmPackage } from "./release/npm-package.ts";
import { providerPackage, releaseFile } from "./release/provider-package.ts";
import { targetName, targets } from "./release/target.ts";
import { version as versionOf } from "../version.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: { output: { type: "string" }, only: { type: "string", multiple: true } },
});
const dist = resolve(values.output ?? join(root, "dist"));
const output = join(dist, "release");
const version = versionOf();

const all = [...targets.map(targetName), "npm"];
const only = values.only ?? all;
const unknown = only.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", ")}: there are ${all.join(", ")}`);
const wanted = targets.filter((target) => only.includes(targetName(target)));

if (wanted.length > 0) {
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  await releaseProvider();
}
if (only.includes("npm")) {
  const place = join(dist, "npm", "imagesync");
  await npmPackage({ root, version, place });
  console.log(`${place}: made`);
}

/** The provider's packages, what a registry wants to know of them, their checksums, and the signature. */
async function releaseProvider(): Promise<void> {
  const files = new Map<string, Uint8Array>();
  const put = async (name: string, content: Uint8Array): Promise<void> => {
    files.set(name, content);
    await writeFile(join(output, name), content);
    console.log(`${join(output, name)}: ${content.length} bytes`);
  };
  const directory = await mkdtemp(join(tmpdir(), "imagesync-release-"));
  try {
    const ingredients = await gather(directory);
    for (const target of wanted) {
      await put(releaseFile(version, `${targetName(target)}.zip`), await providerPackage(target, ingredients));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  const protocols = { version: 1, metadata: { protocol_versions: ["5.0", "6.0"] } };
  await put(releaseFile(version, "manifest.json"), Buffer.from(`${JSON.stringify(protocols, undefined, 2)}\n`));
  const sums = join(output, releaseFile(version, "SHA256SUMS"));
  await writeFile(sums, checksums(files));
  const key = process.env["IMAGESYNC_SIGNING_KEY"];
  if (key !== undefined && key !== "") await signFile(sums, key, process.env);
  else console.log("The checksums are not signed, which registries ask for: give IMAGESYNC_SIGNING_KEY");
}

async function gather(directory: string): Promise<Parameters<typeof providerPackage>[1]> {
  const compiler = await findCompiler(root);
  if (compiler === undefined) throw new Error("There is no Bun for this machine, by which executables are compiled");
  const product = products.find(({ engineName }) => engineName !== undefined);
  if (product === undefined) throw new Error("There is no provider among the products");
  const { code, parts } = await bundle(product, { root, version, parts: true });
  const name = "imagesync-engine.mjs";
  for (const [file, content] of [[name, code] as const, ...parts]) await writeFile(join(directory, file), content);
  return { root, version, compiler, directory, bundle: name, licence: await readFile(join(root, "LICENSE")) };
}
