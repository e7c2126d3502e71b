import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { HelperLogins } from "../../../engine/credentials/helper-logins.ts";
import { type HelperPrograms, helperPrograms, isRunning } from "./helper-programs.ts";

async function prepared(script?: string) {
  const programs = await helperPrograms();
  if (script === undefined) await programs.addLogin("test", "u", "p");
  else await programs.add("test", `cat > "$DIR/input"; echo "test" >> "$DIR/asked"\n${script}`);
  const clock = { nowMs: 1_000_000 };
  const logins = new HelperLogins({ environment: programs.environment, timeoutMs: 600_000, now: () => clock.nowMs });
  return { programs, clock, logins };
}

test("callers who want the same login at the same time share one call", async () => {
  const { programs, logins } = await prepared();
  const all = await Promise.all(Array.from({ length: 20 }, () => logins.get("test", "r.example")));
  expect(new Set(all)).toEqual(new Set([{ kind: "basic", username: "u", password: "p" }]));
  expect(await programs.asked()).toHaveLength(1);
});

test("other servers and other helpers are calls of their own", async () => {
  const { programs, logins } = await prepared();
  await programs.addLogin("other", "u", "p");
  await Promise.all([
    logins.get("test", "r.example"),
    logins.get("test", "r.example:5000"),
    logins.get("other", "r.example"),
  ]);
  expect((await programs.asked()).toSorted()).toEqual([
    "other get r.example",
    "test get r.example",
    "test get r.example:5000",
  ]);
});

const absent = `echo "credentials not found in native keychain"; exit 1`;

test.each([
  ["a login is remembered for an hour", undefined, 3_600_000],
  ["that there is none is remembered for a minute", absent, 60_000],
  ["a failure is remembered for five seconds", "exit 3", 5_000],
])("%s", async (_, script, lifetimeMs) => {
  const { programs, clock, logins } = await prepared(script);
  const ask = () => logins.get("test", "r.example").catch((error: unknown) => error);
  const first = await ask();
  clock.nowMs += lifetimeMs - 1;
  expect(await ask()).toBe(first);
  expect(await programs.asked()).toHaveLength(1);
  clock.nowMs += 1;
  await ask();
  expect(await programs.asked()).toHaveLength(2);
});

test("a helper that was repaired is used as soon as its failure is forgotten", async () => {
  const { programs, clock, logins } = await prepared("exit 3");
  await expect(logins.get("test", "r.example")).rejects.toThrow("exit code 3");
  await programs.addLogin("test", "u", "p");
  await expect(logins.get("test", "r.example")).rejects.toThrow("exit code 3");
  clock.nowMs += 5_000;
  expect(await logins.get("test", "r.example")).toMatchObject({ username: "u" });
});

/** Waits until the test says so. */
const waiting = `echo $$ > "$DIR/pid.new"; mv "$DIR/pid.new" "$DIR/pid"
while [ ! -e "$DIR/go" ]; do sleep 0.01; done
echo '{"Username": "u", "Secret": "p"}'`;

async function started(programs: HelperPrograms): Promise<number> {
  const file = join(programs.directory, "pid");
  while (!existsSync(file)) await nextTurn();
  return Number(await readFile(file, "utf8"));
}

test("a caller who gives up does not take the answer from the others", async () => {
  const { programs, logins } = await prepared(waiting);
  const controller = new AbortController();
  const impatient = logins.get("test", "r.example", controller.signal);
  const patient = logins.get("test", "r.example");
  await started(programs);
  controller.abort(new Error("enough"));
  await expect(impatient).rejects.toThrow("enough");
  await writeFile(join(programs.directory, "go"), "");
  expect(await patient).toMatchObject({ username: "u" });
});

test("when all have given up the helper is killed, and the next caller starts anew", async () => {
  const { programs, logins } = await prepared(waiting);
  const controller = new AbortController();
  const all = [1, 2, 3].map(() => logins.get("test", "r.example", controller.signal));
  const pid = await started(programs);
  controller.abort(new Error("enough"));
  for (const one of all) await expect(one).rejects.toThrow("enough");
  while (await isRunning(pid)) await nextTurn();
  await programs.addLogin("test", "anew", "p");
  expect(await logins.get("test", "r.example")).toMatchObject({ username: "anew" });
});

test("a caller who has been stopped already asks nobody", async () => {
  const { programs, logins } = await prepared();
  await expect(logins.get("test", "r.example", AbortSignal.abort(new Error("stop")))).rejects.toThrow("stop");
  expect(await programs.asked()).toEqual([]);
});
