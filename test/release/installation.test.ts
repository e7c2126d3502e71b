import { copyFile, link, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { signFile } from "../../tools/release/checksums.ts";
import { targetName, targets } from "../../tools/release/target.ts";
import { version } from "../../version.ts";
import { patient } from "../acceptance/stage.ts";
import { requireTool } from "../support/registries/index.ts";
import { block, nested, providerAddress, terraformProgram } from "../support/terraform/index.ts";
import { newcomer, unconfigured } from "./newcomer.ts";
import { fileIn, type FileServer, serveFiles, startProviderRegistry } from "./provider-registry.ts";
import { ownTarget, released, releaseDirectory, releaseFile } from "./release-directory.ts";
import { makeSigningKey, type SigningKey } from "./signing-key.ts";

const missing = !released || terraformProgram === undefined || requireTool("gpg") === undefined;

let key: SigningKey;
let directory: string;
let signature: string;

describe.skipIf(missing)("a release is installed", patient, () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "imagesync-release-test-"));
    key = await makeSigningKey("a passphrase");
    const sums = await releaseFile("SHA256SUMS");
    const copy = join(directory, basename(sums));
    await copyFile(sums, copy);
    await signFile(copy, key.fingerprint, { ...key.environment, IMAGESYNC_SIGNING_PASSPHRASE: "a passphrase" });
    signature = `${copy}.sig`;
  });

  afterAll(async () => {
    await key.close();
    await rm(directory, { recursive: true });
  });

  test("from a registry, by a signature of binary form that terraform checks", async () => {
    const registry = await publish(key);
    const { workspace, life } = await newcomer(`${registry.host}/imagesync/imagesync`);
    const installed = await workspace.must(["init", "-no-color"], [0], registry.trust);
    expect(installed.text).toContain(`(self-signed, key ID ${key.fingerprint.slice(-16)})`);
    const locked = await readFile(workspace.path(".terraform.lock.hcl"), "utf8");
    // One hash of each platform's archive and of the manifest: all that is signed.
    expect(locked.match(/"zh:/g)).toHaveLength(targets.length + 1);
    await life();
  });

  test("and locked for every platform, whose archives terraform can all read", async () => {
    const registry = await publish(key);
    const { workspace } = await newcomer(`${registry.host}/imagesync/imagesync`);
    const platforms = targets.map((target) => `-platform=${targetName(target)}`);
    const { text } = await workspace.must(["providers", "lock", "-no-color", ...platforms], [0], registry.trust);
    for (const target of targets) expect(text).toContain(`${version()} for ${targetName(target)} (self-signed`);
    expect((await readFile(workspace.path(".terraform.lock.hcl"), "utf8")).match(/"h1:/g)).toHaveLength(targets.length);
  });

  test("not from a registry that names another key than the one that has signed", async () => {
    const other = await makeSigningKey();
    onTestFinished(() => other.close());
    const registry = await publish(other);
    const { workspace } = await newcomer(`${registry.host}/imagesync/imagesync`);
    const { text } = await workspace.fails(["init", "-no-color"], registry.trust);
    expect(text).toContain("signature");
    expect(text).not.toContain("Installed");
  });

  test("from a mirror directory, as the archive it comes in", async () => {
    const { workspace } = await newcomer();
    await shelve(workspace.path("mirror"));
    await writeFile(
      workspace.path("terraform.rc"),
      block("provider_installation", { filesystem_mirror: nested({ path: workspace.path("mirror") }) }),
    );
    expect((await workspace.must(["init", "-no-color"])).text).toContain(`Installed imagesync/imagesync v${version()}`);
  });

  test("from the mirror that terraform looks into by itself, without any configuration", async () => {
    const { workspace, life } = await newcomer();
    // The home of a workspace's commands is its directory.
    await shelve(workspace.path(".terraform.d/plugins"));
    await rm(workspace.path("terraform.rc"));
    expect((await workspace.must(["init", "-no-color"], [0], unconfigured)).text).toContain(`v${version()}`);
    await life();
  });

  test("from a mirror by HTTPS, that is a directory which terraform itself has filled; not by plain HTTP", async () => {
    const registry = await publish(key);
    const { workspace: filler } = await newcomer(`${registry.host}/imagesync/imagesync`);
    const filled = ["providers", "mirror", "-no-color", `-platform=${ownTarget}`, filler.path("mirror")];
    await filler.must(filled, [0], registry.trust);
    const address = `${registry.host}/imagesync/imagesync`;
    for (const plain of [false, true]) {
      // What the mirror has of a provider does not say where it is from: it serves it by any address.
      const server = await serveFiles(
        (path) => fileIn(filler.path("mirror"), path.replace(providerAddress, address)),
        plain,
      );
      onTestFinished(() => server.close());
      const { workspace } = await newcomer();
      const url = `${plain ? "http" : "https"}://${server.host}/`;
      await writeFile(
        workspace.path("terraform.rc"),
        block("provider_installation", { network_mirror: nested({ url }) }),
      );
      const { text } = await workspace.must(["init", "-no-color"], [plain ? 1 : 0], server.trust);
      expect(text).toContain(plain ? "must be at an https: URL" : `Installed imagesync/imagesync v${version()}`);
    }
  });
});

async function publish(named: SigningKey): Promise<FileServer> {
  const registry = await startProviderRegistry({
    directory: releaseDirectory,
    version: version(),
    signature,
    key: named,
  });
  onTestFinished(() => registry.close());
  return registry;
}

/** Puts the archive of this machine's platform where a mirror has it. Not copied: it is large. */
async function shelve(place: string): Promise<void> {
  const archive = await releaseFile(`${ownTarget}.zip`);
  const shelf = join(place, providerAddress);
  await mkdir(shelf, { recursive: true });
  await link(archive, join(shelf, basename(archive))).catch(() => symlink(archive, join(shelf, basename(archive))));
}
