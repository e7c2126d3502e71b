import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { invoke } from "../invoke.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.close();
});

const plan = (file: string, ...more: string[]): ReturnType<typeof invoke> => invoke(["plan", "-c", file, ...more]);

describe("plan", () => {
  test("tells of what cannot be planned also what to do about it", async () => {
    const { code, stdout } = await invoke(["plan", `${stage.source.host}/app:1`, `${stage.destination.host}/app:1`]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Cannot be planned: 1\n.*\n {4}If this registry speaks plain HTTP/);
  });

  test("of a configuration without entries says that it asks for nothing", async () => {
    const file = await stage.configure("images: []");
    const { code, stderr } = await invoke(["plan", "-c", file]);
    expect(code).toBe(0);
    expect(stderr).toBe("Warning: the configuration asks for nothing: no entry stands below images or repositories\n");
  });

  test("groups what would be done, and tells what it costs", async () => {
    await stage.push("app", "1", "old");
    await stage.push("same", "1");
    const before = await stage.configure("images:", stage.image("app", "1"), stage.image("same", "1"));
    await invoke(["sync", "-c", before]);
    await stage.push("app", "1", "new");
    await stage.push("app", "2");
    const images = [stage.image("app", "1", "on_conflict: fail"), stage.image("app", "2"), stage.image("same", "1")];
    const file = await stage.configure("images:", ...images, stage.image("none", "1"));
    const { stdout } = await plan(file);
    const heads = stdout.split("\n").filter((line) => !line.startsWith(" "));
    expect(heads.map((line) => line.replace(/\d+\.\d kB/, "SIZE"))).toEqual([
      "To copy: 1 image, at most SIZE",
      "In place: 1 image",
      "Conflicts: 1 image",
      "Cannot be planned: 1",
      `Cost: at most SIZE; pulls charged: ${stage.source.host} 1`,
      "",
    ]);
    expect(stdout).toMatch(/^ {2}\S+\/app:1 -> \S+\/app:1 \(sha256:[0-9a-f]{12}, now sha256:[0-9a-f]{12}\): /m);
    expect(stdout).not.toContain("same:1");
    expect((await plan(file, "-v")).stdout).toContain("same:1");
  });

  test("lists what would be deleted", async () => {
    for (const tag of ["1.0.0", "1.1.0", "2.0.0"]) await stage.push("app", tag);
    const ends = `source: ${stage.source.host}/app, destination: ${stage.destination.host}/app`;
    await invoke(["sync", "-c", await stage.configure("repositories:", `  - {${ends}}`)]);
    const file = await stage.configure("repositories:", `  - {${ends}, range: ">=1.1", deletions: {max_share: 0.5}}`);
    const { stdout } = await plan(file);
    expect(stdout).toMatch(
      /^To delete: 1 image\n {2}\S+\/app:1\.0\.0 \(sha256:[0-9a-f]{12}\): it is not selected any more$/m,
    );
    expect(await invoke(["sync", "-c", file])).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^deleted \S+\/app:1\.0\.0\n3 images: 0 copied, 2 unchanged, 1 deleted; /),
    });
  });

  test("takes one image on the command line", async () => {
    await stage.push("app", "1");
    const ends = [`${stage.source.host}/app:1`, `${stage.destination.host}/app:1`];
    const { code, stdout } = await invoke(["plan", ...ends, "--plain-http"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^To copy: 1 image/);
  });

  test("writes nothing", async () => {
    await stage.push("app", "1");
    await plan(await stage.configure("images:", stage.image("app", "1")));
    const all = [...stage.source.requests.slice(-20), ...stage.destination.requests];
    expect(stage.destination.requests.every(({ method }) => method === "HEAD" || method === "GET")).toBe(true);
    expect(all.length).toBeGreaterThan(0);
  });

  test("with --detailed-exitcode says how it is: 0, 2, 4 or 1", async () => {
    const old = await stage.push("app", "1", "old");
    const file = await stage.configure("images:", stage.image("app", "1", "on_conflict: fail"));
    const code = async (): Promise<number> => (await plan(file, "--detailed-exitcode")).code;
    expect(await code()).toBe(2);
    await invoke(["sync", "-c", file]);
    expect(await code()).toBe(0);
    expect(await stage.push("app", "1", "new")).not.toBe(old);
    expect(await code()).toBe(4);
    stage.source.intercept = () => ({ respond: { status: 403 } });
    expect(await code()).toBe(1);
  });

  test("is the same for programs, with the sums", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"), stage.image("none", "1"));
    const { stdout } = await plan(file, "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({
      items: [{ action: "copy", destination: `${stage.destination.host}/app:1`, pulls: 1 }],
      failures: [{ code: "not-found", side: "source" }],
      summary: { counts: { copy: 1, failed: 1 }, pulls: { [stage.source.host]: 1 } },
    });
    const lines = (await plan(file, "-o", "jsonl")).stdout.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(["item", "failure", "summary"]);
  });

  test("charges nobody for what comes from a layout", async () => {
    await stage.push("app", "1");
    const out = await stage.configure(
      "images:",
      `  - {source: "${stage.source.host}/app:1", destination: "oci:stick:1"}`,
    );
    expect((await invoke(["sync", "-c", out])).code).toBe(0);
    const file = await stage.configure(
      "images:",
      `  - {source: "oci:stick:1", destination: "${stage.destination.host}/app:1"}`,
    );
    const { stdout } = await plan(file);
    expect(stdout).toMatch(/^To copy: 1 image, /);
    expect(stdout).toMatch(/^Cost: at most [\d.]+ k?B$/m);
    expect(JSON.parse((await plan(file, "-o", "json")).stdout)).toMatchObject({ summary: { pulls: {} } });
  });

  test("tells how many pulls a registry still allows", async () => {
    await stage.push("app", "1");
    stage.source.intercept = ({ kind }) =>
      kind === "manifest"
        ? { headers: { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" } }
        : undefined;
    const { stdout } = await plan(await stage.configure("images:", stage.image("app", "1")));
    expect(stdout).toContain(`pulls charged: ${stage.source.host} 1 (76 of 100 left)\n`);
  });

  test.each([
    ["nothing", ["plan"]],
    ["one end", ["plan", "a.example/app:1"]],
    ["both a configuration and an image", ["plan", "-c", "x", "a.example/app:1", "b.example/app:1"]],
  ])("%s is a mistake of usage", async (_name, words) => {
    expect(await invoke(words)).toMatchObject({ code: 64 });
  });
});
