/**
 * `make release`: the files of a release in dist/release/, and the package that npm publishes in dist/npm/imagesync/.
 * For each platform there is a package of the provider and an archive of the command line; there is a container image
 * of the latter, and what runs it in Kubernetes. Equal sources become equal bytes, but for the signatures.
 *
 *   --output DIR    put them there instead of dist/
 *   --only NAME     only this platform, for example linux_amd64, or only `image`, `chart`, `kustomize` or `npm`, and leave
 *                   what else is there; may be repeated
 *
 * With IMAGESYNC_SIGNING_KEY (the fingerprint of a key that gpg has, RSA or DSA) the checksums are signed;
 * IMAGESYNC_SIGNING_PASSPHRASE unlocks the key. SOURCE_DATE_EPOCH is when the image says it was made. Other platforms'
 * parts come from npm, C libraries from Debian.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { trySigning } from "./release/checksums.ts";
import { commandLineArchive, commandLineFile, commandLinePackage } from "./release/command-line-package.ts";
import { containerImage, creationTime, imageArchive, type ImagePlatform } from "./release/image.ts";
import { deploymentFile, deploymentPackage, deployments } from "./release/deployment.ts";
import { gatherIngredients } from "./release/ingredients.ts";
import { npmPackage } from "./release/npm-package.ts";
import { compileProgram, gatherParts } from "./release/platform-parts.ts";
import { providerFile, providerPackage } from "./release/provider-package.ts";
import { ReleaseFiles } from "./release/release-files.ts";
import { targetName, targets } from "./release/target.ts";
import { version as versionOf } from "../version.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: { output: { type: "string" }, only: { type: "string", multiple: true } },
});
const dist = resolve(values.output ?? join(root, "dist"));
const output = join(dist, "release");
const version = versionOf();

const programs = [...targets.map(targetName), "image"];
const all = [...programs, ...deployments, "npm"];
const only = values.only ?? all;
const unknown = only.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`There is no ${unknown.join(", ")}: there are ${all.join(", ")}`);
const created = creationTime(process.env["SOURCE_DATE_EPOCH"]);

if (only.some((name) => name !== "npm")) {
  const directory = temporaryDirectory();
  // The files of the former release are taken away for it, and what comes before the signatures takes minutes.
  await trySigning(directory, process.env);
  // What another version has left there is no part of a release; who makes one thing again wants to keep the others.
  if (values.only === undefined) await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  await release(directory);
}
if (only.includes("npm")) {
  const place = join(dist, "npm", "imagesync");
  await npmPackage({ root, version, place });
  console.log(`${place}: made`);
}

/** What a registry takes has checksums of its own: Terraform keeps each line of them as one of the provider. */
async function release(directory: string): Promise<void> {
  const providers = new ReleaseFiles(output);
  const others = new ReleaseFiles(output);
  for (const each of deployments.filter((name) => only.includes(name))) {
    await others.put(deploymentFile(each, version), await deploymentPackage(each, root, version));
  }
  if (only.some((name) => programs.includes(name))) await releasePrograms(directory, providers, others);
  if (providers.count > 0) await providers.finish(providerFile(version, "SHA256SUMS"), process.env);
  await others.finish(commandLineFile(version, "SHA256SUMS"), process.env);
}

/** A directory that goes when the process does, also where it is interrupted: it comes to hold some 600 MB. */
function temporaryDirectory(): string {
  // In one step with what follows, so that no signal comes between.
  const directory = mkdtempSync(join(tmpdir(), "imagesync-release-"));
  process.once("exit", () => {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });
  process.once("SIGINT", () => process.exit(130)).once("SIGTERM", () => process.exit(143));
  return directory;
}

async function releasePrograms(directory: string, providers: ReleaseFiles, others: ReleaseFiles): Promise<void> {
  const ingredients = await gatherIngredients(root, version, directory);
  const platforms: ImagePlatform[] = [];
  for (const target of targets) {
    const name = targetName(target);
    const inImage = only.includes("image") && target.os === "linux";
    if (!only.includes(name) && !inImage) continue;
    const parts = await gatherParts(target, ingredients);
    const executable = await compileProgram(parts, ingredients.commandLine, ingredients);
    if (inImage) platforms.push({ parts, executable });
    if (!only.includes(name)) continue;
    const [provider, commandLine] = await Promise.all([
      providerPackage(parts, ingredients),
      commandLinePackage(parts, executable, ingredients),
    ]);
    await providers.put(providerFile(version, `${name}.zip`), provider);
    await others.put(commandLineFile(version, commandLineArchive(target)), commandLine);
  }
  if (platforms.length > 0) {
    await others.put(commandLineFile(version, imageArchive), await containerImage(platforms, ingredients, created));
  }
  if (providers.count > 0) {
    const protocols = { version: 1, metadata: { protocol_versions: ["5.0", "6.0"] } };
    const manifest = Buffer.from(`${JSON.stringify(protocols, undefined, 2)}\n`);
    await providers.put(providerFile(version, "manifest.json"), manifest);
  }
}
