import { writeFile } from "node:fs/promises";
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

/** Writes a file beside the first one; returns its path. */
async function more(name: string, ...lines: string[]): Promise<string> {
  await writeFile(stage.file(name), `version: 1\n${lines.join("\n")}\n`);
  return stage.file(name);
}

const requests = (): number => stage.source.requests.length + stage.destination.requests.length;

describe("several configuration files", () => {
  test("are one run with one summary, in their order", async () => {
    const digests = [await stage.push("a", "1"), await stage.push("b", "1"), await stage.push("c", "1")];
    const one = await stage.configure("images:", stage.image("b", "1"));
    const two = await more("two.yaml", "images:", stage.image("a", "1"), stage.image("c", "1"));
    const names = ["b", "a", "c"].map(
      (name, at) => `${stage.destination.host}/${name}:1@${digests[[1, 0, 2][at] ?? 0]}`,
    );
    const planned = await invoke(["plan", "-c", one, "-c", two]);
    expect(planned.code).toBe(0);
    expect(planned.stdout).toMatch(/^To copy: 3 images/);
    const { code, stdout, stderr } = await invoke(["sync", "-c", one, "--config", two]);
    expect({ code, lines: stdout.trimEnd().split("\n").toSorted() }).toEqual({ code: 0, lines: names.toSorted() });
    expect(stderr.match(/^\d+ images?: .*$/gm)).toEqual([expect.stringMatching(/^3 images: 3 copied/)]);
  });

  test("that say the same of a registry, or different things of different ones, agree", async () => {
    await stage.push("a", "1");
    const one = await stage.configure("lock_file: x.lock", "images:", stage.image("a", "1"));
    const same = `  - {address: "${stage.source.host}", plain_http: true}`;
    const two = await more(
      "two.yaml",
      "lock_file: x.lock",
      "fail_fast: false",
      "registries:",
      same,
      "  - {address: r.example}",
    );
    expect(await invoke(["sync", "-c", one, "-c", two])).toMatchObject({ code: 0 });
  });

  test.each<[string, (host: string) => readonly string[], RegExp]>([
    [
      "a registry",
      (host) => ["registries:", `  - {address: "${host}", max_concurrent_requests: 3}`],
      /say different things of the registry/,
    ],
    [
      "a login, which is not told",
      (host) => ["registries:", `  - {address: "${host}", plain_http: true, username: u, password: {env: TWO}}`],
      /say different things of the login for "127\.0\.0\.1:\d+"/,
    ],
    ["the lock file", () => ["lock_file: y.lock"], /say different things of "lock_file"/],
    ["a moved tag", () => ["on_retag: fail"], /say different things of "on_retag"/],
    ["failing fast", () => ["fail_fast: false"], /say different things of "fail_fast"/],
    ["a limit", () => ["limits: {max_bandwidth: 1MiB}"], /say different things of "max_bandwidth"/],
  ])("that say different things of %s are refused", async (_name, lines, said) => {
    const login = `  - {address: "${stage.source.host}/team", username: u, password: {env: ONE}}`;
    const { host } = stage.source;
    await writeFile(
      stage.file("one.yaml"),
      [
        "version: 1",
        "lock_file: x.lock",
        "on_retag: warn",
        "fail_fast: true",
        "limits: {max_bandwidth: 2MiB}",
        "registries:",
        `  - {address: "${host}", plain_http: true, username: u, password: {env: ONE}}`,
        login,
      ].join("\n"),
    );
    const two = await more("two.yaml", ...lines(host));
    const environment = { ONE: "geheim", TWO: "secret" };
    const { code, stdout, stderr } = await invoke(["sync", "-c", stage.file("one.yaml"), "-c", two], { environment });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(said);
    expect(stderr).toMatch(/one\.yaml" and ".*two\.yaml"/);
    expect(stderr).not.toMatch(/geheim|secret/);
  });

  test.each<[string, (ends: string) => readonly string[], RegExp]>([
    [
      "write one tag",
      (ends) => ["images:", `  - {${ends}/app:1"}`],
      /two\.yaml:3:1 and .*imagesync\.yaml:\d+:1 both write "/,
    ],
    ["write one tag among more", (ends) => ["images:", `  - {${ends}/app:2", additional_tags: ["1"]}`], /both write "/],
    ["write one tag of a set", (ends) => ["repositories:", `  - {${ends}/app", tags: ["1"]}`], /both write "/],
    [
      "undo each other",
      (ends) => ["repositories:", `  - {${ends}/app", include: ["2*"], deletions: {}}`],
      /The deletions of .*two\.yaml:3:1 would remove what .*imagesync\.yaml:\d+:1 puts into "/,
    ],
  ])("that %s are refused before anything is asked", async (_name, lines, said) => {
    const one = await stage.configure("images:", stage.image("app", "1"));
    const [key = "", entry = ""] = lines(`destination: "${stage.destination.host}`);
    const source = key === "images:" ? "r.example/x/y:1" : "r.example/x/y";
    const two = await more("two.yaml", key, entry.replace("{", `{source: "${source}", `));
    for (const verb of ["sync", "plan"]) {
      const { code, stdout, stderr } = await invoke([verb, "-c", one, "-c", two]);
      expect({ code, stdout, requests: requests() }).toEqual({ code: 64, stdout: "", requests: 0 });
      expect(stderr).toMatch(said);
    }
  });

  test("are each given once, and none takes the place of another file", async () => {
    const one = await stage.configure("images:", stage.image("app", "1"));
    for (const words of [
      ["-c", one, "-c", `${stage.directory}/./imagesync.yaml`],
      ["-c", "-", "-c", "-"],
    ]) {
      const { code, stderr } = await invoke(["sync", ...words]);
      expect(code).toBe(64);
      expect(stderr).toMatch(/^Error: --config names ".*" twice/);
    }
    const two = await more("two.yaml", "images: []");
    const { code, stderr } = await invoke(["sync", "-c", one, "-c", two, "--metrics-file", two]);
    expect({ code, stderr }).toMatchObject({
      code: 64,
      stderr: expect.stringContaining("would overwrite the file of --config") as string,
    });
  });

  test("with a mistake in one of them do nothing", async () => {
    await stage.push("app", "1");
    const one = await stage.configure("images:", stage.image("app", "1"));
    const two = await more("two.yaml", "imagse: []");
    const { code, stderr } = await invoke(["sync", "-c", one, "-c", two]);
    expect({ code, requests: requests() }).toMatchObject({ code: 64 });
    expect(stderr).toContain("two.yaml:2:1");
    expect(stage.destination.requests).toEqual([]);
  });
});
