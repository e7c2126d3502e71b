import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningRegistry, startRegistry } from "../../embedded-registry/index.ts";
import { buildImage, buildPlatformIndex, push } from "../support/images/index.ts";
import { buildReferrer, sbomType } from "../support/images/companions.ts";
import { invoke } from "./invoke.ts";

const index = buildPlatformIndex({ seed: "inspect command", layers: [2000] });
const plain = buildImage({ seed: "inspect command", layers: [2000] });

let registry: RunningRegistry;

beforeEach(async () => {
  registry = await startRegistry();
  await push(index, { host: registry.host, repository: "app", tag: "many" });
  await push(plain, { host: registry.host, repository: "app", tag: "one" });
});

afterEach(async () => {
  await registry.close();
});

const at = (tag: string): string => `${registry.host}/app:${tag}`;

describe("inspect", () => {
  test("tells digest, type and platforms, in columns", async () => {
    const { code, stdout, stderr } = await invoke(["inspect", at("many"), "--plain-http"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(
      `Reference  ${registry.host}/app@${index.digest}\nTag        many\nDigest     ${index.digest}`,
    );
    expect(stdout).toMatch(/^Platforms {2}linux\/amd64 {4}sha256:[0-9a-f]{64}\n {11}linux\/arm64 {4}sha256:/m);
  });

  test("is one object of JSON on request", async () => {
    const { stdout } = await invoke(["inspect", at("one"), "--plain-http", "-o", "json"]);
    expect(JSON.parse(stdout)).toEqual({
      reference: `${registry.host}/app@${plain.digest}`,
      tag: "one",
      digest: plain.digest,
      mediaType: plain.mediaType,
      size: plain.bytes.byteLength,
      platforms: { "linux/amd64": plain.digest },
    });
  });

  test("with --verify says that all is there, or ends with 1 and what is missing", async () => {
    const whole = await invoke(["inspect", at("one"), "--plain-http", "--verify"]);
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining("Content    all of it is there") });
    registry.intercept = ({ method, kind }) =>
      method === "HEAD" && kind === "blob" ? { respond: { status: 404 } } : undefined;
    const broken = await invoke(["inspect", at("one"), "--plain-http", "--verify"]);
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^Missing {4}blob sha256:/m);
  });

  test("lists what belongs to it on request", async () => {
    const sbom = buildReferrer(plain, "inspect command", sbomType);
    await push(sbom, { host: registry.host, repository: "app" });
    const { code, stdout } = await invoke(["inspect", at("one"), "--plain-http", "--referrers"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Referrers  ${sbom.digest}  ${sbomType}\n`);
    const { stdout: json } = await invoke(["inspect", at("one"), "--plain-http", "--referrers", "-o", "json"]);
    expect(JSON.parse(json)).toMatchObject({ referrers: [{ digest: sbom.digest, subject: plain.digest }] });
  });

  test("looks into a layout in a directory too", async () => {
    const directory = await mkdtemp(join(tmpdir(), "imagesync-inspect-"));
    try {
      const there = `oci:${join(directory, "layout")}:one`;
      const plan = join(directory, "plan.json");
      await invoke(["plan", at("one"), there, "--plain-http", "--out", plan]);
      expect(await invoke(["sync", "--plan", plan, "--plain-http"])).toMatchObject({ code: 0 });
      expect(await invoke(["digest", there])).toMatchObject({ code: 0, stdout: `${plain.digest}\n` });
      const { stdout } = await invoke(["inspect", there, "--verify"]);
      expect(stdout).toContain(`Digest     ${plain.digest}\n`);
      expect(stdout).toContain("all of it is there");
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test("a tag that is not there ends with 3", async () => {
    const { code, stdout, stderr } = await invoke(["inspect", at("none"), "--plain-http"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain(at("none"));
  });
});

describe("digest", () => {
  test("prints the digest and nothing else, for one request", async () => {
    registry.resetCounts();
    expect(await invoke(["digest", at("many"), "--plain-http"])).toEqual({
      code: 0,
      stdout: `${index.digest}\n`,
      stderr: "",
    });
    expect(registry.counts()).toEqual({ "HEAD manifest": 1 });
  });

  test("prints the whole reference with --pinned", async () => {
    const { stdout } = await invoke(["digest", at("many"), "--plain-http", "--pinned"]);
    expect(stdout).toBe(`${registry.host}/app@${index.digest}\n`);
  });

  test("prints that of a platform's image", async () => {
    const { stdout: json } = await invoke(["inspect", at("many"), "--plain-http", "-o", "json"]);
    const { platforms } = JSON.parse(json) as { platforms: Record<string, string> };
    const { stdout } = await invoke(["digest", at("many"), "--plain-http", "--platform", "linux/arm64"]);
    expect(stdout).toBe(`${platforms["linux/arm64"]}\n`);
    expect(stdout).not.toContain(index.digest);
  });

  test("a platform that is not offered ends with 3 and names those that are", async () => {
    const { code, stdout, stderr } = await invoke(["digest", at("many"), "--plain-http", "--platform", "plan9/mips"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("linux/amd64");
  });
});
