import { link, mkdir, symlink, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { buildImage } from "../support/images/index.ts";
import {
  block,
  expectNothingToDo,
  nested,
  packageDirectory,
  providerAddress,
  terraformProgram,
  type TestProvider,
} from "../support/terraform/index.ts";
import {
  configuration,
  digestOfTag,
  mirror,
  openRegistry,
  openWorkspaceFor,
  patient,
  pushTo,
  setStage,
} from "./stage.ts";
import { liveWholeLife } from "./whole-life.ts";

const image = buildImage({ seed: "packaged", layers: [3000] });

describe.skipIf(terraformProgram === undefined)("the packaged provider", patient, () => {
  test("leads an image from create to destroy", async () => {
    const stage = await setStage({ packaged: true });
    await expect(liveWholeLife(stage)).resolves.toBeUndefined();
    expect(stage.destination.openUploads()).toBe(0);
  });

  test("brings the planned digest although the tag moves between plan and apply, each in a process of its own", async () => {
    const { workspace, source, destination, config } = await setStage({ packaged: true });
    const later = buildImage({ seed: "packaged, later", layers: [3000] });
    const latest = buildImage({ seed: "packaged, latest", layers: [3000] });
    await pushTo(source, "team/app", "1.0", image);
    await workspace.write(
      config(mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` })),
    );
    await workspace.apply();
    await pushTo(source, "team/app", "1.0", later);
    const plan = await workspace.plan();
    await pushTo(source, "team/app", "1.0", latest);
    await workspace.apply(plan);
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(later.digest);
  });

  test("serves several provider blocks with different logins at once", async () => {
    const logins = {
      one: { user: "one", password: "first-password" },
      two: { user: "two", password: "other-password" },
    };
    const source = await openRegistry();
    await pushTo(source, "team/app", "1.0", image);
    const registries = await Promise.all(
      Object.values(logins).map(({ user, password }) =>
        openRegistry({ auth: { kind: "basic", users: { [user]: password } } }),
      ),
    );
    const plain = (host: string): ReturnType<typeof nested> => nested({ address: host, plain_http: true });
    const stage = await setStage({ packaged: true });
    const parts = Object.entries(logins).flatMap(([alias, { user, password }], number) => {
      const host = registries[number]?.host ?? "";
      return [
        block('provider "imagesync"', {
          alias,
          registry: [plain(source.host), plain(host)],
          registry_auth: nested({ address: host, username: user, password }),
        }),
        mirror(
          {
            provider: { expression: `imagesync.${alias}` },
            source: `${source.host}/team/app:1.0`,
            destination: `${host}/mirror/app:1.0`,
          },
          alias,
        ),
      ];
    });
    await stage.workspace.write(stage.config(...parts));
    await stage.workspace.apply();
    await expectNothingToDo(stage.workspace);
    expect((await stage.workspace.state()).addresses).toEqual(["imagesync.one", "imagesync.two"]);
    await stage.workspace.destroy();
  });

  test("is installed by terraform init from a mirror directory, and locked", async () => {
    const [source, destination] = [await openRegistry(), await openRegistry()];
    await pushTo(source, "team/app", "1.0", image);
    const provider: TestProvider = { environment: {}, cliConfig: "", close: () => Promise.resolve() };
    const workspace = await openWorkspaceFor(provider);
    const place = workspace.path(
      `mirror/${providerAddress}/0.1.0/linux_${process.arch === "arm64" ? "arm64" : "amd64"}`,
    );
    await mkdir(place, { recursive: true });
    for (const file of ["terraform-provider-imagesync", "imagesync-engine"]) {
      // Not copied: a hundred megabytes. Another file system cannot be linked to, only pointed at.
      const [from, to] = [`${packageDirectory}/${file}`, `${place}/${file}`];
      await link(from, to).catch(() => symlink(from, to));
    }
    await writeFile(
      workspace.path("terraform.rc"),
      block("provider_installation", { filesystem_mirror: nested({ path: workspace.path("mirror") }) }),
    );
    await workspace.write(
      configuration(
        { registry: [source, destination].map(({ host }) => nested({ address: host, plain_http: true })) },
        mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` }),
      ),
    );
    expect((await workspace.must(["init", "-no-color"])).text).toMatch(/Installed imagesync\/imagesync v0\.1\.0/);
    await workspace.apply();
    expect(await digestOfTag(destination, "mirror/app", "1.0")).toBe(image.digest);
    await expectNothingToDo(workspace);
    await workspace.destroy();
  });
});
