import type { CredentialChain } from "../credentials/chain.ts";
import type { HttpClient } from "../http/client.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { vendorOf } from "../registry/vendors/vendor.ts";
import { check } from "./check.ts";
import { examineClock, examineRateLimit } from "./limits.ts";
import { examineCredential, examineFamily, examineLogin, examineScheme } from "./login.ts";
import { Questions } from "./questions.ts";
import { examineApi, examineEncryption, examineName, type Greeting } from "./reach.ts";
import { type Check, type CheckName, type Examination, type Finding, unknown } from "./report.ts";
import { RepositoryProbe } from "./repository.ts";

/** A registry by its canonical name, and one of its repositories where that is to be tried too. */
export interface Place {
  readonly registry: string;
  readonly repository?: string | undefined;
}

export interface ExamineOptions {
  /** Ends the examination. */
  readonly signal?: AbortSignal | undefined;
  /** Ask for nothing that is about writing: no upload is opened, no delete is tried. @default false */
  readonly readOnly?: boolean | undefined;
  /** Time for each check, in milliseconds. @default 5000 */
  readonly deadlineMs?: number | undefined;
  /** The time of this machine, epoch milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface ExamineContext {
  readonly client: HttpClient;
  readonly credentials: CredentialChain;
}

/** Where Docker Hub lets everybody see the limit: https://docs.docker.com/docker-hub/usage/pulls/ */
const hubPreview: RepositoryName = { registry: "docker.io", repository: "ratelimitpreview/test" };

/**
 * Looks at a registry thing by thing, and tells of each what works. What fails is a finding, and does not stop the
 * checks that can do without it. Nothing that is written stays.
 * @throws the reason of the signal.
 */
export async function examine(place: Place, context: ExamineContext, options: ExamineOptions): Promise<Examination> {
  const { client } = context;
  const { deadlineMs = 5000, now = Date.now, signal = new AbortController().signal } = options;
  const { registry, repository } = place;
  const questions = new Questions(client, now);
  const checks: Check[] = [];
  const examined: Examined = async (name, work) => {
    const found = await check(name, { deadlineMs, signal, redactor: client.redactor }, async (own) => work(own));
    checks.push(found);
    return found;
  };
  const greeting = await examineRegistry(place, { ...context, questions, now }, examined);
  // What is asked for by HEAD, for the limit that comes with the answer.
  let counted: readonly [RepositoryName, string] | undefined;
  if (repository !== undefined) {
    const name = { registry, repository };
    const there = await examineRepository(new RepositoryProbe(questions, name), greeting, examined, options);
    if (there?.tag !== undefined) counted = [name, there.tag];
  } else if (vendorOf(registry) === "docker-hub") {
    counted = [hubPreview, "latest"];
  }
  await examined("rate-limit", async (own) => {
    if (greeting === undefined && !questions.remarks.throttled) return closed;
    if (greeting !== undefined && counted !== undefined) {
      await new RepositoryProbe(questions, counted[0]).touch(counted[1], own);
    }
    return examineRateLimit(client.rateLimit(registry), questions.remarks);
  });
  await examined("clock", () => (greeting === undefined ? closed : examineClock(questions.remarks)));
  return { registry, ...(repository === undefined ? {} : { repository }), checks };
}

/** Does a check and adds it to the report. */
type Examined = (name: CheckName, work: (signal: AbortSignal) => Finding | Promise<Finding>) => Promise<Check>;

interface RegistryContext extends ExamineContext {
  readonly questions: Questions;
  readonly now: () => number;
}

/** From the name to the login. @returns how the API has answered; undefined when it has not. */
async function examineRegistry(
  { registry, repository = "" }: Place,
  { client, credentials, questions, now }: RegistryContext,
  examined: Examined,
): Promise<Greeting | undefined> {
  const approach = client.approach(registry);
  const name = await examined("dns", (own) => examineName(approach, own));
  await examined("tls", (own) =>
    name.outcome === "failed" ? notAsked("the name is not resolved") : examineEncryption(approach, now(), own),
  );
  const greetings: Greeting[] = [];
  await examined("api", (own) => examineApi(questions, registry, (seen) => greetings.push(seen), own));
  const [seen] = greetings;
  const login = { registry, repository };
  await examined("family", () => examineFamily(questions, registry, seen));
  await examined("authentication", () => (seen === undefined ? closed : examineScheme(registry, seen)));
  await examined("credential", (own) => examineCredential(credentials, login, seen, own));
  await examined("login", (own) =>
    seen === undefined ? closed : examineLogin(questions, credentials, login, seen, own),
  );
  return seen;
}

/** What may be done in a repository. @returns one of its tags, if it has any; undefined when it is not there. */
async function examineRepository(
  probe: RepositoryProbe,
  greeting: Greeting | undefined,
  examined: Examined,
  { readOnly = false }: ExamineOptions,
): Promise<{ readonly tag: string | undefined } | undefined> {
  const found: { readonly tag: string | undefined }[] = [];
  const pull = await examined("pull", (own) =>
    greeting === undefined ? closed : probe.pull((tag) => found.push({ tag }), own),
  );
  const [there] = found;
  const why = pull.outcome === "failed" ? "its tags cannot be listed" : "the repository is not there";
  const without = greeting === undefined ? closed : notAsked(why);
  const tries: readonly (readonly [CheckName, "reads" | "writes", (signal: AbortSignal) => Promise<Finding>])[] = [
    ["push", "writes", (own) => probe.push(own)],
    ["mount", "writes", (own) => probe.mount(own)],
    ["delete", "writes", (own) => probe.delete(own)],
    ["tag-delete", "writes", (own) => probe.deleteTag(own)],
    ["referrers", "reads", (own) => probe.referrers(own)],
  ];
  for (const [name, kind, work] of tries) {
    await examined(name, (own) => {
      if (kind === "writes" && readOnly) return notAsked("nothing about writing is tried, as you ask");
      return there === undefined ? without : work(own);
    });
  }
  return there;
}

function notAsked(why: string): Finding {
  return unknown(`not asked: ${why}`);
}

const closed: Finding = notAsked("the API does not answer");
