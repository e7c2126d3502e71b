import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { askHelper, type HelperQuestion } from "../../../engine/credentials/credential-helper.ts";
import type { Credential } from "../../../engine/credentials/credential.ts";
import { ImagesyncError } from "../../../engine/errors.ts";
import { type HelperPrograms, helperPrograms, isRunning } from "./helper-programs.ts";
import { moduleUrl, runElsewhere } from "./other-process.ts";

const secret = "s3cret-Canary+/=x";

function ask(programs: HelperPrograms, more: Partial<HelperQuestion> = {}): Promise<Credential | undefined> {
  const { environment } = programs;
  const { signal } = new AbortController();
  return askHelper({ name: "test", server: "r.example", environment, timeoutMs: 30_000, signal, ...more });
}

async function failure(programs: HelperPrograms, more: Partial<HelperQuestion> = {}): Promise<ImagesyncError> {
  const error: unknown = await ask(programs, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ImagesyncError)) throw new Error("It did not fail as it should", { cause: error });
  return error;
}

/** Waits for something that another process does; vitest ends the wait when it never happens. */
const eventually = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 20 });

test("a helper is asked by the protocol and its login is used", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("test", "robot", secret);
  expect(await ask(programs)).toEqual({ kind: "basic", username: "robot", password: secret });
  expect(await programs.asked()).toEqual(["test get r.example"]);
});

test("the user <token> marks an identity token", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("test", "<token>", secret);
  expect(await ask(programs)).toEqual({ kind: "identity-token", token: secret });
});

test("the server goes to the helper byte by byte, with nothing in it for a shell", async () => {
  const programs = await helperPrograms();
  await programs.add("test", `cat > "$DIR/input"; echo '{"Username": "u", "Secret": "p"}'`);
  const server = `https://r.example/$(touch pwned)/\`id\`;"'`;
  await ask(programs, { server });
  expect(await readFile(join(programs.directory, "input"), "utf8")).toBe(server);
});

test("a helper that does not read its input answers all the same", async () => {
  const programs = await helperPrograms();
  await programs.add("test", `exec 0<&-; echo '{"Username": "u", "Secret": "p"}'`);
  expect(await ask(programs, { server: "r".repeat(500_000) })).toMatchObject({ username: "u" });
});

test("a helper that leaves a daemon with its output open does not hold anybody up", async () => {
  const programs = await helperPrograms();
  await programs.add("test", `sleep 300 & echo $! > "$DIR/daemon"; echo '{"Username": "u", "Secret": "p"}'`);
  expect(await ask(programs)).toMatchObject({ username: "u" });
  const daemon = Number(await readFile(join(programs.directory, "daemon"), "utf8"));
  expect(await isRunning(daemon)).toBe(true);
  process.kill(daemon);
});

test("a helper that writes much about itself to standard error is still read", async () => {
  const programs = await helperPrograms();
  await programs.add("test", `head -c 300000 /dev/zero >&2; echo '{"Username": "u", "Secret": "p"}'`);
  expect(await ask(programs)).toMatchObject({ username: "u" });
});

test("credentials not found in native keychain means that there is no login", async () => {
  const programs = await helperPrograms();
  await programs.add("test", `echo "credentials not found in native keychain"; echo "${secret}" >&2; exit 1`);
  expect(await ask(programs)).toBeUndefined();
});

const json = (value: unknown): string => `cat <<'ANSWER'\n${JSON.stringify(value)}\nANSWER`;

test.each<[string, string, RegExp]>([
  ["exits 0 and says nothing", "exit 0", /answered nothing/],
  ["exits 0 with blanks", "echo; echo ' '", /answered nothing/],
  ["prints junk", `echo 'Welcome! ${secret}'`, /not a login/],
  ["prints half an answer", `printf '{"Username": "u", "Secret": "${secret}'`, /not a login/],
  ["prints a list", json([{ Username: "u", Secret: secret }]), /not a login/],
  ["prints null", "echo null", /not a login/],
  ["prints a login with a number in it", json({ Username: 5, Secret: secret }), /not a login/],
  ["prints a login without user", json({ Secret: secret }), /not a login/],
  ["prints a login without secret", json({ Username: "u", Secret: "" }), /no secret/],
  ["prints a login with a line break", json({ Username: "u", Secret: `${secret}\r\nHost: x` }), /control character/],
  ["prints a user name with a colon", json({ Username: `u:${secret}`, Secret: secret }), /colon/],
  ["prints a login and fails", `${json({ Username: "u", Secret: secret })}\nexit 3`, /exit code 3$/],
  ["prints two logins", `${json({ Username: "u", Secret: secret })}\necho '{}'`, /not a login/],
  ["fails without a word", "exit 7", /exit code 7$/],
  ["fails in words", `echo 'NoCredentialProviders: no valid providers in chain' >&2; exit 1`, /no valid providers in/],
  ["prints a secret to standard error", `echo 'bad ${secret}' >&2; exit 1`, /exit code 1: bad \*\*\*$/],
  ["prints a secret after its name", `echo 'wrong password: ${secret}' >&2; exit 1`, /exit code 1: wrong \*\*\*$/],
  ["prints secrets everywhere", `echo '${secret}'; echo 'x\n${secret}' >&2; exit 1`, /exit code 1/],
  ["does not understand the question", `echo 'no credentials server URL'; exit 1`, /1: no credentials server URL$/],
  ["kills itself", `echo '${secret}' >&2; kill -9 $$`, /killed by SIGKILL/],
  ["never stops talking", `while :; do echo '${secret}'; done`, /more than 65536 bytes/],
  ["says a little too much", `head -c 65537 /dev/zero`, /more than 65536 bytes/],
])("a helper that %s is an error that names helper and server, and no secret", async (_, script, message) => {
  const programs = await helperPrograms();
  await programs.add("test", script);
  const error = await failure(programs);
  expect(error.code).toBe("credentials");
  expect(error.message).toMatch(message);
  expect(error.message).toMatch(/for "r\.example" from the credential helper "test"/);
  expect(error.hint).toBeTruthy();
  const everything = [error.message, error.hint, error.stack, String(error.cause)].join();
  expect(everything).not.toContain(secret);
  expect(everything).not.toContain(secret.slice(0, 6));
});

test("the largest answer that is allowed is taken", async () => {
  const programs = await helperPrograms();
  const empty = JSON.stringify({ Username: "u", Secret: "" });
  const long = "a".repeat(65_536 - empty.length);
  await writeFile(join(programs.directory, "answer"), JSON.stringify({ Username: "u", Secret: long }));
  await programs.add("test", `cat "$DIR/answer"`);
  expect(await ask(programs)).toMatchObject({ password: long });
});

test("a helper that is missing is an error that says which program is looked for", async () => {
  const error = await failure(await helperPrograms(), { name: "nowhere" });
  expect(error.code).toBe("credentials");
  expect(error.message).toMatch(/there is no program docker-credential-nowhere/);
  expect(error.hint).toMatch(/Install docker-credential-nowhere/);
});

test("a helper that is no program is an error", async () => {
  const programs = await helperPrograms();
  const path = join(programs.directory, "docker-credential-test");
  await writeFile(path, "\0\0\0\0");
  await chmod(path, 0o755);
  expect((await failure(programs)).code).toBe("credentials");
  await chmod(path, 0o644);
  expect((await failure(programs)).message).toMatch(/EACCES|no program/);
});

test.each(["", "../test", "a/b", "a b", "$(id)", "a;b", "a\0b", "é", "x".repeat(101), "-\n"])(
  "%j is refused as the name of a helper, and nothing is started",
  async (name) => {
    const programs = await helperPrograms();
    const error = await failure(programs, { name });
    expect(error.message).toMatch(/name of a helper has letters/);
  },
);

test("an environment that no program can be given is an error that does not repeat it", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("test", "u", "p");
  const error = await failure(programs, { environment: { ...programs.environment, HUGE: secret.repeat(200_000) } });
  expect(error.message).toMatch(/can't be started/);
  expect([error.message, error.hint, String(error.cause)].join()).not.toContain(secret);
});

/** Leaves the numbers of its processes behind, the child's too, and then waits. */
const hanging = `sleep 300 & echo "$$ $!" > "$DIR/pids.new"; mv "$DIR/pids.new" "$DIR/pids"; wait`;

async function pids(programs: HelperPrograms): Promise<readonly number[]> {
  return (await readFile(join(programs.directory, "pids"), "utf8")).trim().split(" ").map(Number);
}

async function expectAllGone(programs: HelperPrograms): Promise<void> {
  const all = await pids(programs);
  expect(all).toHaveLength(2);
  await eventually(async () => {
    for (const pid of all) expect(await isRunning(pid)).toBe(false);
  });
}

test("a helper that hangs is killed after the timeout with all it has started", async () => {
  const programs = await helperPrograms();
  await programs.add("test", hanging);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const asking = failure(programs, { timeoutMs: 15_000 });
  while (!existsSync(join(programs.directory, "pids"))) await nextTurn();
  vi.advanceTimersByTime(14_999);
  for (const pid of await pids(programs)) expect(await isRunning(pid)).toBe(true);
  vi.advanceTimersByTime(1);
  expect((await asking).message).toMatch(/did not answer within 15 s/);
  vi.useRealTimers();
  await expectAllGone(programs);
});

test("a helper that nobody waits for any more is killed with all it has started", async () => {
  const programs = await helperPrograms();
  await programs.add("test", hanging);
  const controller = new AbortController();
  const asking = ask(programs, { signal: controller.signal });
  await eventually(async () => expect(await pids(programs)).toHaveLength(2));
  controller.abort(new Error("no longer wanted"));
  await expect(asking).rejects.toThrow("no longer wanted");
  await expectAllGone(programs);
});

test("a helper does not outlive the process that has asked it", async () => {
  const programs = await helperPrograms();
  await programs.add("test", hanging);
  await chmod(programs.directory, 0o777);
  const { output } = runElsewhere(`
    import { existsSync } from "node:fs";
    import { setImmediate } from "node:timers/promises";
    import { askHelper } from ${moduleUrl("credential-helper")};
    const environment = ${JSON.stringify(programs.environment)};
    const { signal } = new AbortController();
    void askHelper({ name: "test", server: "r.example", environment, timeoutMs: 600_000, signal });
    while (!existsSync(${JSON.stringify(join(programs.directory, "pids"))})) await setImmediate();
    console.log("waiting");
    process.exit(0);
  `);
  expect(await output).toBe("waiting\n");
  await expectAllGone(programs);
});

test("whatever a helper prints, it is a login or an error that does not repeat it", async () => {
  const programs = await helperPrograms();
  const answer = join(programs.directory, "answer");
  await programs.add("test", `cat > /dev/null; cat "$DIR/answer"; cat "$DIR/answer" >&2; exit $(cat "$DIR/code")`);
  const login = fc.record({
    Username: fc.oneof(fc.string(), fc.anything()),
    Secret: fc.oneof(fc.string(), fc.anything()),
  });
  const printed = fc.oneof(
    fc.string(),
    fc.json(),
    login.map((value) => JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? 0 : inner)) ?? ""),
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(printed, fc.constantFrom(0, 1), async (text, code) => {
      // A canary in the middle of what is printed must not come out of the error.
      await writeFile(answer, typeof text === "string" ? text.replace(/(?=["}])/, secret) : text);
      await writeFile(join(programs.directory, "code"), String(code));
      const outcome: unknown = await ask(programs).catch((error: unknown) => error);
      expect(`${verdict(outcome)}, exit code ${code}`).toBeOneOf([
        "basic, exit code 0",
        "identity-token, exit code 0",
        "credentials, exit code 0",
        "credentials, exit code 1",
      ]);
    }),
    { numRuns: 60 },
  );
});

/** The kind of a login, the code of an error that does not tell what was printed. */
function verdict(outcome: unknown): string {
  if (!(outcome instanceof ImagesyncError)) return (outcome as Credential | undefined)?.kind ?? "no login";
  const { code, message, hint, cause } = outcome;
  return [message, hint, String(cause)].join().includes(secret.slice(0, 8)) ? "a secret was told" : code;
}

test("a question that is stopped before it is asked starts nothing", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("test", "u", "p");
  await expect(ask(programs, { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
  expect(await programs.asked()).toEqual([]);
});

test("no listener and no timer is left behind", async () => {
  const programs = await helperPrograms();
  await programs.addLogin("test", "u", "p");
  await ask(programs);
  const listeners = process.listenerCount("exit");
  for (let count = 0; count < 12; count += 1) await ask(programs);
  await Promise.all(Array.from({ length: 12 }, () => ask(programs)));
  expect(process.listenerCount("exit")).toBe(listeners);
});
