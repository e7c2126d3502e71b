import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundle } from "../build/bundle.ts";
import { OutputDirectory } from "../build/output-directory.ts";
import { products } from "../build/product.ts";
import { buildConstructs } from "../cdktf/build-constructs.ts";
import { engineTypes } from "./engine-types.ts";
import { noticesName, thirdPartyNotices } from "./third-party-notices.ts";

export interface NpmPackageOptions {
  readonly root: string;
  readonly version: string;
  /** Directory of the package; what is there is removed. */
  readonly place: string;
}

/** What the package takes from the project's own manifest. */
interface Manifest {
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The types of the engine speak of it, so that it is installed with them; all else is in the bundles. */
const dependency = "undici";

/** Makes the package `imagesync`: the command line and the provider, the engine for programs, and the constructs for CDKTF. */
export async function npmPackage({ root, version, place }: NpmPackageOptions): Promise<void> {
  await rm(place, { recursive: true, force: true });
  const put = async (name: string, content: string | Uint8Array, mode = 0o644): Promise<void> => {
    const file = join(place, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content, { mode });
  };
  const packages = new Set<string>();
  for (const product of products) {
    const { code, parts, packages: inside } = await bundle(product, { root, version, parts: true });
    await put(`programs/${product.name}.mjs`, code, 0o755);
    for (const [name, content] of parts) await put(`programs/${name}`, content);
    for (const each of inside) packages.add(each);
  }
  // Beside its parts, and with an ending by which `imagesync provider install` does not take it for one of them.
  const engine = { entry: "engine/index.ts", name: "engine" };
  const options = { root, version, parts: true, external: [dependency] };
  const bundled = await bundle(engine, options);
  await put("programs/engine.js", bundled.code);
  for (const each of bundled.packages) packages.add(each);
  await put(noticesName, await thirdPartyNotices({ version, packages: [...packages], runtime: false }));
  for (const [name, content] of await engineTypes(root)) await put(`types/${name}`, content);
  await buildConstructs({ root, output: new OutputDirectory(join(root, "dist")) });
  for (const name of ["cdktf", "cdktn"]) await cp(join(root, "dist/npm", name), join(place, name), { recursive: true });
  await put("config.schema.json", await readFile(join(root, "docs/config.schema.json")));
  // What the first page and errors of the command line lead to.
  await cp(join(root, "docs"), join(place, "docs"), { recursive: true });
  const texts = ["README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"];
  for (const name of texts) await put(name, await readFile(join(root, name)));
  const own = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
  await put("package.json", `${JSON.stringify(manifest(own, version), undefined, 2)}\n`);
}

function manifest({ description, license, engines, dependencies, devDependencies }: Manifest, version: string): object {
  const constructs = (name: string): object => ({ types: `./${name}/index.d.ts`, default: `./${name}/index.js` });
  const peers = {
    cdktf: `~${devDependencies["cdktf"]}`,
    cdktn: `~${devDependencies["cdktn"]}`,
    // What CDKTF asks for, up to the version that its programs no longer work with.
    constructs: ">=10.4.2 <10.8.0",
  };
  return {
    name: "imagesync",
    version,
    description,
    keywords: ["container", "image", "oci", "registry", "mirror", "terraform", "cdktf"],
    license,
    type: "module",
    bin: { imagesync: "programs/imagesync.mjs" },
    exports: {
      ".": { types: "./types/engine/index.d.ts", default: "./programs/engine.js" },
      "./cdktf": constructs("cdktf"),
      "./cdktn": constructs("cdktn"),
      "./config.schema.json": "./config.schema.json",
      "./package.json": "./package.json",
    },
    engines,
    dependencies: { [dependency]: dependencies[dependency] },
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(Object.keys(peers).map((name) => [name, { optional: true }])),
  };
}
