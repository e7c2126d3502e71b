import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { contestantsFrom } from "../../bench/contestants.ts";
import type { PeerName } from "../../bench/peers.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "imagesync-contestants-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test("every peer copies whole repositories, crane and regsync also with more at once than they would by themselves", () => {
  const names: PeerName[] = ["skopeo", "crane", "oras", "regsync"];
  const contestants = contestantsFrom(new Map(names.map((name) => [name, { command: name, version: "1" }])));
  expect(contestants.filter(({ copyRepository }) => copyRepository).map(({ name }) => name)).toEqual([
    "skopeo",
    "crane -j8",
    "crane -j32",
    "oras, 8 processes",
    "regsync",
    "regsync, parallel 8",
  ]);
});

test("regsync is given its orders in a file", async () => {
  const [alone, parallel] = contestantsFrom(new Map([["regsync", { command: "regsync", version: "1" }]]));
  const ends = [
    { host: "127.0.0.1:1", repository: "source/app" },
    { host: "127.0.0.1:2", repository: "mirror/app" },
  ] as const;
  for (const [contestant, at] of [
    [alone, 1],
    [parallel, 8],
  ] as const) {
    const command = (await contestant?.copyRepository?.(...ends, folder)) ?? [];
    expect(command).toEqual(["regsync", "once", "--verbosity=error", "-c", join(folder, "regsync.yaml")]);
    expect(parse(await readFile(join(folder, "regsync.yaml"), "utf8"))).toEqual({
      version: 1,
      creds: [
        { registry: "127.0.0.1:1", tls: "disabled" },
        { registry: "127.0.0.1:2", tls: "disabled" },
      ],
      defaults: { parallel: at },
      sync: [{ source: "127.0.0.1:1/source/app", target: "127.0.0.1:2/mirror/app", type: "repository" }],
    });
  }
});
