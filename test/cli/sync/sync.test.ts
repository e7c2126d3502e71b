import { rmSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startRegistry } from "../../../embedded-registry/index.ts";
import { buildImage, fetchTree, push } from "../../support/images/index.ts";
import { makeCertificates } from "../../support/registries/index.ts";
import { invoke } from "../invoke.ts";
import { parseMetrics, type Sample } from "../prometheus.ts";
import { openStage, type Stage } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(async () => {
  await stage.close();
});

const summary = (stderr: string): string | undefined => stderr.trimEnd().split("\n").at(-1);
const written = (): string[] =>
  stage.destination.requests.filter(({ method }) => !/^(?:GET|HEAD)$/.test(method)).map(({ method }) => method);

describe("sync", () => {
  test("puts every image in place and prints each one pinned, as text for scripts", async () => {
    const one = await stage.push("app", "1");
    const two = await stage.push("base", "2");
    const file = await stage.configure("images:", stage.image("app", "1"), stage.image("base", "2"));
    const { code, stdout, stderr } = await invoke(["sync", "-c", file]);
    expect(code).toBe(0);
    const { host } = stage.destination;
    expect(stdout.split("\n").sort()).toEqual(["", `${host}/app:1@${one}`, `${host}/base:2@${two}`]);
    expect(stderr).toContain(`copied ${stage.source.host}/app:1 -> ${host}/app:1 (`);
    expect(summary(stderr)).toMatch(/^2 images: 2 copied, 0 unchanged; \d+ blobs copied, .* moved \(\d+ requests, /);
    await fetchTree(stage.destination, "app", "1");
  });

  test("run again prints the same, writes nothing and says so", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const first = await invoke(["sync", "-c", file]);
    stage.destination.resetCounts();
    const second = await invoke(["sync", "-c", file]);
    expect(second).toMatchObject({ code: 0, stdout: first.stdout });
    expect(written()).toEqual([]);
    expect(second.stderr).toMatch(/^1 image: 0 copied, 1 unchanged; 0 blobs copied, 0 B moved \(/);
  });

  test("takes the tags of a repository that are selected", async () => {
    for (const tag of ["1.0.0", "1.1.0", "2.0.0", "edge"]) await stage.push("app", tag);
    const ends = `source: ${stage.source.host}/app, destination: ${stage.destination.host}/app`;
    const file = await stage.configure("repositories:", `  - {${ends}, range: ">=1.1"}`);
    const { code, stdout } = await invoke(["sync", "-c", file]);
    expect(code).toBe(0);
    expect(new Set([...stdout.matchAll(/app:(\S+)@/g)].map(([, tag]) => tag))).toEqual(new Set(["1.1.0", "2.0.0"]));
  });

  test("an image that fails stops no other, and is told with what to do about it", async () => {
    await stage.push("app", "1");
    const lines = [stage.image("none", "1"), stage.image("app", "1"), stage.image("none", "2")];
    const { code, stdout, stderr } = await invoke(["sync", "-c", await stage.configure("images:", ...lines)]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^\S+\/app:1@sha256:[0-9a-f]{64}\n$/);
    expect(stderr).toContain("2 images failed:\n");
    // The hint that both have in common stands there once.
    expect(stderr.match(/Check the spelling of the source/g)).toHaveLength(1);
    expect(summary(stderr)).toMatch(/^3 images: 1 copied, 0 unchanged, 2 failed; /);
  });

  test("with --fail-fast nothing more is begun after a failure", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("none", "1"), stage.image("app", "1"));
    const { code, stdout, stderr } = await invoke(["sync", "-c", file, "--fail-fast"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(written()).toEqual([]);
    expect(summary(stderr)).toMatch(/ 1 failed, 1 left; /);
  });

  test("a tag that two repositories want is put by the first of them, and a conflict for the other, at every run", async () => {
    const first = await stage.push("app", "1.0.0");
    await stage.push("other", "1.0.0");
    const second = await stage.push("other", "2.0.0");
    const ends = (repository: string): string =>
      `  - {source: "${stage.source.host}/${repository}", destination: "${stage.destination.host}/both"}`;
    const file = await stage.configure("repositories:", ends("app"), ends("other"));
    for (let time = 0; time < 2; time += 1) {
      const { code, stdout, stderr } = await invoke(["sync", "-c", file]);
      expect(code).toBe(4);
      const { host } = stage.destination;
      expect(stdout.trimEnd().split("\n").sort()).toEqual([
        `${host}/both:1.0.0@${first}`,
        `${host}/both:2.0.0@${second}`,
      ]);
      expect(stderr).toContain(`an entry before it puts ${stage.source.host}/app:1.0.0 there, ${first}`);
      expect(stderr).toContain("Select other tags in one of the two entries");
    }
  });

  test("a repository whose tags are never replaced leaves those to another one without a conflict", async () => {
    await stage.push("app", "1.0.0");
    await stage.push("other", "1.0.0");
    const ends = (repository: string): string =>
      `source: "${stage.source.host}/${repository}", destination: "${stage.destination.host}/both"`;
    const lines = [`  - {${ends("app")}}`, `  - {${ends("other")}, replace_tag: false}`];
    const file = await stage.configure("repositories:", ...lines);
    for (let time = 0; time < 2; time += 1) {
      const { code, stderr } = await invoke(["sync", "-c", file]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("conflict") as string });
    }
  });

  test("ends with 4 when there are only conflicts", async () => {
    await stage.push("app", "1", "old");
    const plain = await stage.configure("images:", stage.image("app", "1"));
    await invoke(["sync", "-c", plain]);
    await stage.push("app", "1", "new");
    await stage.push("app", "2");
    const file = await stage.configure(
      "images:",
      stage.image("app", "1", "on_conflict: fail"),
      stage.image("app", "2"),
    );
    const { code, stdout, stderr } = await invoke(["sync", "-c", file]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/^\S+\/app:2@\S+\n$/);
    expect(stderr).toContain("1 conflict:\n");
  });

  test("trusts a mirror that the file names by --ca-file", async () => {
    const { ca, cert, key } = await makeCertificates();
    const mirror = await startRegistry({ tls: { cert, key } });
    onTestFinished(() => mirror.close());
    const image = buildImage({ seed: "mirrored", layers: [1000] });
    await push(image, { host: mirror.host, repository: "cache/app", tag: "1", plainHttp: false, ca });
    await writeFile(stage.file("ca.pem"), ca);
    await writeFile(
      stage.file("mirrored.yaml"),
      `version: 1
registries:
  - {address: gone.invalid, mirrors: ["${mirror.host}/cache"]}
  - {address: "${stage.destination.host}", plain_http: true}
images:
  - {source: gone.invalid/app:1, destination: "${stage.destination.host}/app:1", referrers: false}
`,
    );
    const command = ["sync", "-c", stage.file("mirrored.yaml"), "--retry-times", "0"];
    expect(await invoke(command)).toMatchObject({ code: 1 });
    expect(await invoke([...command, "--ca-file", stage.file("ca.pem")])).toMatchObject({ code: 0 });
    expect((await fetchTree(stage.destination, "app", "1")).digest).toBe(image.digest);
  });

  test("does nothing with --dry-run but to print what it would do", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const { code, stdout } = await invoke(["sync", "-c", file, "-n"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^To copy: 1 image, at most .*\n {2}\S+\/app:1 -> \S+\/app:1 \(sha256:[0-9a-f]{12}, /);
    expect(written()).toEqual([]);
  });

  test("prints one object, or an object a line", async () => {
    const digest = await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"), stage.image("none", "1"));
    const json = JSON.parse((await invoke(["sync", "-c", file, "-o", "json"])).stdout) as Record<string, unknown>;
    expect(json["images"]).toHaveLength(2);
    expect(json["summary"]).toMatchObject({ images: { copied: 1, failed: 1 }, requests: expect.any(Number) });
    const lines = (await invoke(["sync", "-c", file, "-o", "jsonl"])).stdout.trimEnd().split("\n");
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.map(({ kind }) => kind)).toEqual(["image", "image", "summary"]);
    expect(objects.find(({ outcome }) => outcome === "unchanged")).toEqual({
      kind: "image",
      rule: `${stage.destination.host}/app:1`,
      outcome: "unchanged",
      source: `${stage.source.host}/app:1`,
      sourceDigest: digest,
      destination: `${stage.destination.host}/app:1`,
      digest,
      action: "skip",
      reason: "in place",
      bytes: 0,
      blobs: { copied: 0, mounted: 0, present: 0 },
    });
    expect(objects.find(({ outcome }) => outcome === "failed")).toMatchObject({ error: { code: "not-found" } });
  });

  test("with --quiet tells errors only, with --verbose also what did not change", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    expect((await invoke(["sync", "-c", file, "-q"])).stderr).toBe("");
    expect((await invoke(["sync", "-c", file, "-v"])).stderr).toMatch(/^unchanged \S+\/app:1 -> /);
  });

  test("messages are objects with --log-format json, and progress with --progress json", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"), stage.image("none", "1"));
    const parsed = (text: string): Record<string, unknown>[] =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const messages = parsed((await invoke(["sync", "-c", file, "--log-format", "json"])).stderr);
    expect(messages.map(({ level }) => level)).toEqual(["error", "info", "error", "info"]);
    const progress = parsed((await invoke(["sync", "-c", file, "--progress", "json"])).stderr);
    expect(progress.map(({ event, level }) => event ?? level)).toEqual([
      "planned",
      "planned",
      "image",
      "image",
      "error",
      "info",
    ]);
  });

  test("a stop tells what is done and what is not, and the same command goes on", async () => {
    await stage.push("app", "1");
    await stage.push("app", "2");
    const file = await stage.configure("images:", stage.image("app", "1"), stage.image("app", "2"));
    const controller = new AbortController();
    stage.destination.intercept = ({ method, kind, path }) => {
      if (method !== "PUT" || kind !== "manifest" || !path.endsWith("/2")) return undefined;
      controller.abort();
      return { until: new Promise(() => undefined) };
    };
    const { code, stderr } = await invoke(["sync", "-c", file], { signal: controller.signal });
    expect(code).toBe(130);
    expect(stderr).toMatch(/Stopped: what is done stays done, \d images? left; the same command goes on from there\n$/);
    stage.destination.intercept = undefined;
    expect(await invoke(["sync", "-c", file])).toMatchObject({ code: 0 });
  });

  test.each(["sync", "plan"])("%s takes the way to registries as copy does, for all of them", async (verb) => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const proxied = await invoke([verb, "-c", file, "--proxy", "http://user:geheim@127.0.0.1:1", "--retry-times", "0"]);
    expect(proxied.code).toBe(1);
    expect(proxied.stderr + proxied.stdout).toContain("proxy");
    expect(proxied.stderr + proxied.stdout).not.toContain("geheim");
    const flags = ["--max-bandwidth", "100MiB", "--src-vendor", "distribution", "--dest-vendor", "distribution"];
    expect(
      await invoke([verb, "-c", file, "--mirror", "127.0.0.1:1/cache", "--retry-delay", "1ms", ...flags]),
    ).toMatchObject({ code: 0 });
  });

  test.each([
    [["--max-bandwidth", "50"], "as 50MiB"],
    [["--dest-vendor", "gitea"], "harbor"],
    [["--mirror", "mirror.example.com/Upper Case"], "mirror"],
  ])("%j is refused before anything is asked", async (flags, said) => {
    const file = await stage.configure("images:", stage.image("app", "1"));
    const { code, stderr } = await invoke(["sync", "-c", file, ...flags]);
    expect({ code, requests: stage.source.requests.length }).toEqual({ code: 64, requests: 0 });
    expect(stderr).toContain(said);
  });

  test.each([
    ["no configuration", ["sync"], "--config"],
    ["a file that is not there", ["sync", "-c", "/nonexistent.yaml"], "/nonexistent.yaml"],
    ["a wrong number of jobs", ["sync", "-c", "x", "-j", "0"], "from 1 to 1000"],
    ["a plan and a dry run", ["sync", "--plan", "x", "-n"], "--dry-run"],
  ])("%s is a mistake of usage", async (_name, words, said) => {
    const { code, stderr } = await invoke(words);
    expect(code).toBe(64);
    expect(stderr).toContain(said);
  });
});

describe("the metrics of a run", () => {
  test("stand in a file that a collector reads, by rule and never by tag", async () => {
    await stage.push("app", "1");
    const file = await stage.configure(
      "images:",
      stage.image("app", "1", 'name: "a \\\\ \\"b\\""'),
      stage.image("none", "1"),
    );
    const { stderr } = await invoke(["sync", "-c", file, "--metrics-file", stage.file("run.prom")]);
    const text = await readFile(stage.file("run.prom"), "utf8");
    expect(text).toContain('imagesync_tasks_total{policy="a \\\\ \\"b\\"",operation="copy",status="succeeded"} 1\n');
    expect(text).toContain(`imagesync_policy_drift{policy="${stage.destination.host}/none:1"} 1\n`);
    const samples = parseMetrics(text);
    const found = (name: string): readonly Sample[] => samples.filter((sample) => sample.name === name);
    const requests = found("imagesync_registry_requests_total");
    expect(new Set(requests.map(({ labels }) => labels["registry"]))).toEqual(
      new Set([stage.source.host, stage.destination.host]),
    );
    const sum = requests.reduce((total, { value }) => total + value, 0);
    expect(stderr).toContain(`(${sum} requests`);
    expect(found("imagesync_run_duration_seconds")).toHaveLength(1);
    expect(found("imagesync_policy_duration_seconds").map(({ labels }) => labels["policy"])).toEqual(
      found("imagesync_policy_drift").map(({ labels }) => labels["policy"]),
    );
  });

  test("never take the place of another file of the run", async () => {
    const file = await stage.configure("images:", stage.image("app", "1"));
    const text = await readFile(file, "utf8");
    for (const words of [
      ["sync", "-c", file, "--metrics-file", file],
      ["plan", "-c", file, "--out", file],
      ["sync", "-c", file, "--lock-file", stage.file("x"), "--metrics-file", `${stage.directory}/./x`],
    ]) {
      const { code, stderr } = await invoke(words);
      expect(code).toBe(64);
      expect(stderr).toMatch(/^Error: --(?:metrics-file|out) would overwrite the file of --/);
    }
    expect(await readFile(file, "utf8")).toBe(text);
  });
});

describe("files that cannot be written", () => {
  test.each([
    ["sync", "--metrics-file", "none/run.prom"],
    ["sync", "--lock-file", "none/images.lock"],
    ["sync", "--metrics-file", "."],
    ["plan", "--out", "none/a.plan"],
    ["plan", "--out", "."],
  ])("are found before anything is asked for: %s %s %s", async (verb, flag, name) => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    stage.source.resetCounts();
    const { code, stdout, stderr } = await invoke([verb, "-c", file, flag, stage.file(name)]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Error: Cannot write .*\n {2}Give ${flag} a file`));
    expect([stage.source.counts(), stage.destination.counts()]).toEqual([{}, {}]);
  });

  test("are none to a plan that does not write them", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    expect(await invoke(["plan", "-c", file, "--lock-file", stage.file("none/x")])).toMatchObject({ code: 0 });
  });

  /** The folder of those files is gone as soon as something is asked for. */
  async function losing(...words: string[]): ReturnType<typeof invoke> {
    const folder = stage.file("gone");
    await mkdir(folder);
    stage.source.intercept = () => {
      rmSync(folder, { recursive: true, force: true });
      return undefined;
    };
    return await invoke(words.map((word) => word.replace("GONE", folder)));
  }

  test("hide nothing of what was done, and are failures of the run", async () => {
    const digest = await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const place = `${stage.destination.host}/app`;
    const flags = ["--lock-file", "GONE/images.lock", "--metrics-file", "GONE/run.prom"];
    const { code, stdout, stderr } = await losing("sync", "-c", file, ...flags);
    expect({ code, stdout }).toEqual({ code: 1, stdout: `${place}:1@${digest}\n` });
    const lines = stderr.split("\n").filter((line) => !line.startsWith("  "));
    expect(lines.slice(-4)).toEqual([
      expect.stringMatching(/^1 image: 1 copied/),
      expect.stringMatching(/^Error: Cannot use the lock file ".*gone\/images\.lock": ENOENT/),
      expect.stringMatching(/^Error: Cannot write the metrics to ".*gone\/run\.prom": ENOENT/),
      "",
    ]);
    const planned = await losing("plan", "-c", file, "--out", "GONE/a.plan");
    expect({ code: planned.code, lines: planned.stdout.split("\n")[0] }).toEqual({
      code: 1,
      lines: "In place: 1 image",
    });
    expect(planned.stderr).toMatch(/Error: Cannot write the plan to ".*gone\/a\.plan": ENOENT/);
  });

  test("leave the code of a stop what it is", async () => {
    await stage.push("app", "1");
    const file = await stage.configure("images:", stage.image("app", "1"));
    const controller = new AbortController();
    await mkdir(stage.file("gone"));
    stage.destination.intercept = () => {
      rmSync(stage.file("gone"), { recursive: true, force: true });
      controller.abort();
      return undefined;
    };
    const words = ["sync", "-c", file, "--metrics-file", stage.file("gone/run.prom")];
    const { code, stderr } = await invoke(words, { signal: controller.signal });
    expect(code).toBe(130);
    expect(stderr).toContain("Cannot write the metrics");
  });
});
