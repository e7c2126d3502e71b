import { ImagesyncError } from "../errors.ts";
import { quote } from "../oci/digest.ts";
import { readAuthEntry } from "./auth-entry.ts";
import type { Credential } from "./credential.ts";
import type { Environment } from "./environment.ts";
import { complaint } from "./helper-complaint.ts";
import { type HelperProcessEnd, maxHelperOutputBytes, runHelperProcess } from "./helper-process.ts";

/** Helpers that ask a cloud take a second or two; one that asks a person is of no use here. */
export const defaultHelperTimeoutMs: number = 15_000;

/** What every helper answers that has no login for the server, on standard output. */
const notFound = "credentials not found in native keychain";

/** Fixed words of the protocol: the only output of a failed helper that is certain to hold no secret. */
const knownWords: ReadonlySet<string> = new Set(["no credentials server URL", "no credentials username"]);

/** The name becomes part of a program's name: a path in it would run anything. */
const namePattern = /^[A-Za-z0-9._-]{1,100}$/;

export interface HelperQuestion {
  /** What follows `docker-credential-` in the name of the program. */
  readonly name: string;
  /** What the login is stored under: a host, or an address as `docker login` has written it. */
  readonly server: string;
  readonly environment: Environment;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks a credential helper for a login; undefined when it has none for the server.
 * @throws `credentials` for everything else that is not a login, naming helper and server and nothing that was printed
 * but plain words; the signal's reason.
 * @see https://github.com/docker/docker-credential-helpers#development
 */
export async function askHelper(question: HelperQuestion): Promise<Credential | undefined> {
  const { name, server, environment, timeoutMs, signal } = question;
  if (!namePattern.test(name)) {
    throw failure(
      question,
      "the name of a helper has letters, digits, dots, dashes and underscores only",
      `Write what follows "docker-credential-" in the name of the program`,
    );
  }
  const end = await start(question, () =>
    runHelperProcess({
      program: `docker-credential-${name}`,
      args: ["get"],
      input: server,
      environment,
      timeoutMs,
      signal,
    }),
  );
  if (end.kind === "exited" && end.code === 0) return readLogin(question, end.stdout);
  if (end.kind === "exited" && end.stdout.trim() === notFound) return undefined;
  const { why, hint = tryYourself(question) } = explain(question, end);
  throw failure(question, why, hint);
}

function explain({ name, server, timeoutMs }: HelperQuestion, end: HelperProcessEnd): { why: string; hint?: string } {
  const program = `docker-credential-${name}`;
  switch (end.kind) {
    case "exited":
      return { why: `it ended with exit code ${end.code}${reason(end)}` };
    case "killed":
      return { why: `it was killed by ${end.by}${reason(end)}` };
    case "missing":
      return {
        why: `there is no program ${program}`,
        hint: `Install ${program} in a directory of the PATH, or give a login for ${quote(server)} in another way`,
      };
    case "not-started":
      return { why: `${program} can't be started (${end.why})` };
    case "timeout":
      return { why: `it did not answer within ${timeoutMs / 1000} s` };
    default:
      return { why: `it wrote more than ${maxHelperOutputBytes} bytes` };
  }
}

/** What can't even be tried, such as an environment that is too large, is thrown by Node in its own words. */
async function start(question: HelperQuestion, run: () => Promise<HelperProcessEnd>): Promise<HelperProcessEnd> {
  try {
    return await run();
  } catch (error) {
    question.signal.throwIfAborted();
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    // Node's message may repeat the environment; its code does not.
    throw failure(question, `its program can't be started (${code})`, tryYourself(question));
  }
}

/** The answer is `{"ServerURL", "Username", "Secret"}`; the user `<token>` marks an identity token. */
function readLogin(question: HelperQuestion, stdout: string): Credential {
  if (stdout.trim() === "") throw failure(question, "it answered nothing", tryYourself(question));
  const fields = readObject(stdout);
  const username = fields?.get("Username");
  const secret = fields?.get("Secret");
  if (typeof username !== "string" || typeof secret !== "string") {
    throw failure(question, "its answer is not a login", tryYourself(question));
  }
  if (secret === "") throw failure(question, "its answer has no secret", tryYourself(question));
  const entry = readAuthEntry(username === "<token>" ? { identitytoken: secret } : { username, password: secret });
  if (entry.kind === "login") return entry.credential;
  throw failure(
    question,
    `its answer can't be used${entry.kind === "broken" ? `: ${entry.why}` : ""}`,
    tryYourself(question),
  );
}

function readObject(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    return new Map(Object.entries(parsed));
  } catch {
    // The parser's message quotes the text, which may hold a secret: it is not even kept as the cause.
    return undefined;
  }
}

function reason(end: { readonly stdout?: string; readonly stderr: string }): string {
  const known = end.stdout?.trim() ?? "";
  const said = knownWords.has(known) ? known : complaint(end.stderr);
  return said === "" ? "" : `: ${said}`;
}

function failure(question: HelperQuestion, why: string, hint: string): ImagesyncError {
  const { name, server } = question;
  return new ImagesyncError({
    code: "credentials",
    operation: "find credentials",
    message: `Cannot get the login for ${quote(server)} from the credential helper ${quote(name)}: ${why}`,
    hint,
  });
}

function tryYourself({ name, server }: HelperQuestion): string {
  return `Run docker-credential-${name} get, with ${quote(server)} as its input, to see what it says`;
}
