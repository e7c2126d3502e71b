import { readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { invoke } from "../invoke.ts";
import { openStage, type Stage } from "../sync/stage.ts";

let stage: Stage;
let old: string;
let now: string;
let file: string;

/** A tag that was synced, seen, and then moved at its source. */
beforeEach(async () => {
  stage = await openStage();
  old = await stage.push("app", "1", "old");
  file = await stage.configure("images:", stage.image("app", "1"));
  await invoke(["sync", "-c", file, "--lock-file", lock()]);
  now = await stage.push("app", "1", "new");
});

afterEach(async () => {
  await stage.close();
});

const lock = (): string => stage.file("images.lock");
const sync = (...more: string[]): ReturnType<typeof invoke> =>
  invoke(["sync", "-c", file, "--lock-file", lock(), ...more]);
const alarm = (): string => `${stage.source.host}/app:1 was moved at its source: it held ${old} since `;

describe("a tag that was moved upstream", () => {
  test("is told with both digests, copied, and not told again", async () => {
    const { code, stdout, stderr } = await sync();
    expect(code).toBe(0);
    expect(stdout).toContain(now);
    expect(stderr).toContain(alarm());
    expect(stderr).toContain(`and holds ${now} now`);
    expect((await sync()).stderr).not.toContain("was moved");
    const { tags } = JSON.parse(await readFile(lock(), "utf8")) as { tags: Record<string, { digest: string }[]> };
    expect(tags[`${stage.source.host}/app:1`]?.map(({ digest }) => digest)).toEqual([old, now]);
  });

  test("is a conflict with --on-retag fail, every time, and what is there stays", async () => {
    for (let time = 0; time < 2; time += 1) {
      const { code, stdout, stderr } = await sync("--on-retag", "fail");
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      expect(stderr).toContain(alarm());
      expect(stderr).toContain("--on-retag accept");
    }
    const { stdout } = await invoke(["digest", "--plain-http", `${stage.destination.host}/app:1`]);
    expect(stdout).toBe(`${old}\n`);
  });

  test("is silently accepted where that is asked for", async () => {
    const { code, stderr } = await sync("--on-retag", "accept");
    expect(code).toBe(0);
    expect(stderr).not.toContain("was moved");
  });

  test("is told although the destination keeps what it has", async () => {
    file = await stage.configure("images:", stage.image("app", "1", "on_conflict: keep"));
    const { code, stdout, stderr } = await sync();
    expect(code).toBe(0);
    expect(stdout).toContain(old);
    expect(stderr).toContain(alarm());
  });

  test("back to what it held before is told as such", async () => {
    await sync();
    await stage.push("app", "1", "old");
    expect((await sync()).stderr).toContain(`holds ${old} now, which it held before`);
  });

  test("is told by a plan, which remembers nothing", async () => {
    const before = await readFile(lock(), "utf8");
    for (let time = 0; time < 2; time += 1) {
      const { stderr } = await invoke(["plan", "-c", file, "--lock-file", lock()]);
      expect(stderr).toContain(alarm());
    }
    expect(await readFile(lock(), "utf8")).toBe(before);
  });

  test("can be told of by what stands in the configuration", async () => {
    file = await stage.configure(`lock_file: images.lock`, "on_retag: fail", "images:", stage.image("app", "1"));
    expect(await invoke(["sync", "-c", file])).toMatchObject({ code: 4 });
  });
});

test.each([["sync"], ["plan"]])(
  "%s refuses --on-retag fail without a lock file, which could not fail",
  async (verb) => {
    stage.source.resetCounts();
    expect(await invoke([verb, "-c", file, "--on-retag", "fail"])).toMatchObject({
      code: 64,
      stdout: "",
      stderr: expect.stringContaining("--lock-file") as string,
    });
    expect(stage.source.requests).toEqual([]);
  },
);

test("an image that failed is not remembered", async () => {
  await rmLock();
  stage.destination.intercept = ({ method }) => (method === "PUT" ? { respond: { status: 403 } } : undefined);
  expect(await sync()).toMatchObject({ code: 1 });
  await expect(readFile(lock(), "utf8")).resolves.not.toContain(now);
});

test("a lock file that cannot be read stops the run before anything is asked", async () => {
  await writeFile(lock(), "{");
  stage.source.resetCounts();
  const { code, stderr } = await sync();
  expect(code).toBe(64);
  expect(stderr).toContain("images.lock");
  expect(stage.source.requests).toEqual([]);
});

async function rmLock(): Promise<void> {
  await writeFile(lock(), '{"version": 1, "tags": {}}');
}
