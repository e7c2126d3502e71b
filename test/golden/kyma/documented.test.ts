import { describe, expect, onTestFinished, test } from "vitest";
import { buildPlatformIndex, fetchTree } from "../../support/images/index.ts";
import { dockerRegistryProgram, startDockerRegistry } from "../../support/registries/index.ts";
import { openWorld } from "../world.ts";
import { documented, garPrefix, gcr, key, openKyma } from "./stage.ts";

const busybox = "sha256:31a54a0cf86d7354788a8265f60ae6acb4b348a67efbcf7c1007dd3cf7af05ab";
const postgres = "sha256:9d7ec48fe46e8bbce55deafff58080e49d161a3ed92e67f645014bb50dc599fd";

describe("the list that Kyma's image-syncer documents", () => {
  test("of its first age is told by a dry run, done when asked, and not done again", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/keycloak-gatekeeper:9.0.3");
    const digest = await world.push("docker.io/library/busybox:1.31.1");
    const list = await documented("first-age.yaml", world);
    const told = await world.sync("--images-file", list, "--dry-run=true");
    expect(told).toMatchObject({ code: 0, stdout: expect.stringMatching(/^To copy: 2 images/) as string });
    expect(world.writes(gcr)).toEqual([]);

    expect((await world.sync("--images-file", list, "--dry-run=false")).code).toBe(0);
    expect(await world.tags(`${gcr}/kyma-project/external/bitnami/keycloak-gatekeeper`)).toEqual(["9.0.3"]);
    expect(await world.digest(`${gcr}/kyma-project/external/busybox:1.31.1`)).toBe(digest);

    world.registry(gcr).resetCounts();
    expect(await world.sync("--images-file", list, "--dry-run=false")).toMatchObject({ code: 0 });
    expect(world.writes(gcr)).toEqual([]);
  });

  test("of its later age goes where it went, whole indexes and images by their digests", async () => {
    const world = await openKyma();
    const index = buildPlatformIndex({ seed: "postgres", layers: [300] });
    for (const image of [
      "bitnami/keycloak-gatekeeper:9.0.3",
      "bitnami/postgres-exporter:0.8.0-debian-10-r28",
      "bitnami/postgres-exporter:0.11.1-debian-11-r69",
    ]) {
      await world.push(`docker.io/${image}`);
    }
    const digests = {
      [busybox]: await world.push("docker.io/library/busybox:1.32.0"),
      [postgres]: await world.push("docker.io/library/postgres:11.19", index),
    };
    const list = await documented("later-age.yaml", world, digests);
    expect(await world.sync("-i", list, "--dry-run=false")).toMatchObject({ code: 0 });
    expect(await world.tags(`${garPrefix}/bitnami/postgres-exporter`)).toEqual([
      "0.11.1-debian-11-r69",
      "0.8.0-debian-10-r28",
    ]);
    expect(await world.tags(`${garPrefix}/bitnami/keycloak-gatekeeper`)).toEqual(["9.0.3"]);
    expect(await world.digest(`${garPrefix}/library/busybox:1.32.0-v1`)).toBe(digests[busybox]);
    expect(await world.digest(`${garPrefix}/library/postgres:v20230508-11.19-alpine3.17`)).toBe(index.digest);
  });

  test("is what imagesync sync does with it too, with docker's logins", async () => {
    const world = await openKyma();
    await world.push("docker.io/bitnami/keycloak-gatekeeper:9.0.3");
    await world.push("docker.io/library/busybox:1.31.1");
    const list = await documented("first-age.yaml", world);
    const auth = Buffer.from(`_json_key:${key}`).toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [gcr]: { auth } } }) };
    expect((await world.run(["sync", "-c", list], login)).code).toBe(0);
    expect(await world.tags(`${gcr}/kyma-project/external/busybox`)).toEqual(["1.31.1"]);
  });

  test.skipIf(dockerRegistryProgram === undefined)("is done at docker-registry, image by image whole", async () => {
    const registry = await startDockerRegistry();
    onTestFinished(() => registry.close());
    const world = await openWorld({ "docker.io": {} }, { [gcr]: registry.host });
    await world.push("docker.io/bitnami/keycloak-gatekeeper:9.0.3");
    await world.push("docker.io/library/busybox:1.31.1");
    const list = await documented("first-age.yaml", world);
    const key = await world.write("key.json", "{}");
    const { code } = await world.run(["kyma", "-i", list, "-t", key, "--dry-run=false"]);
    expect(code).toBe(0);
    await fetchTree(registry, "kyma-project/external/busybox", "1.31.1");
  });
});
