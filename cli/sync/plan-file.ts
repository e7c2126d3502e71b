import { readFile, stat } from "node:fs/promises";
import type { Digest, ErrorCode, Plan, PlanFailure, PlanItem, Reference } from "../../engine/index.ts";
import { type SideFile, writeSideFile } from "../unwritten.ts";
import { UsageError } from "../usage-error.ts";
import { version } from "../../version.ts";
import type { RulePlan } from "./run.ts";

/** Beyond it a file is no plan: a hundred thousand images fit. Bytes. */
const maxPlanBytes = 256 * 1024 * 1024;

/** Registries take no larger manifest, and no subset's index comes near. */
const maxSubsetLength = 4 * 1024 * 1024;

const formatVersion = 1;

const actions: ReadonlySet<string> = new Set<PlanItem["action"]>([
  "copy",
  "repair",
  "tag",
  "skip",
  "delete",
  "conflict",
]);

/** What of the engine reading and writing plans needs; handed in, because loading it costs start-up time. */
export interface PlanReaders {
  readonly parse: (text: string) => Reference;
  readonly format: (reference: Reference) => string;
  readonly isDigest: (text: string) => text is Digest;
  readonly digestOf: (bytes: Uint8Array) => Digest;
}

/** Those readers, from the engine. */
export async function planReaders(): Promise<PlanReaders> {
  const { digestOf, formatReference, isDigest, parseLocation } = await import("../../engine/index.ts");
  return { parse: parseLocation, format: formatReference, isDigest, digestOf };
}

/** What messages call the file. */
export const planFile: Omit<SideFile, "file"> = { what: "the plan", flag: "--out" };

/** Writes plans to a file, to be applied later or elsewhere. It holds no secret. @throws UsageError */
export async function writePlan(file: string, rules: readonly RulePlan[], { format }: PlanReaders): Promise<void> {
  const written = ({ source, destination, ...rest }: PlanItem | PlanFailure): object => ({
    source: format(source),
    destination: format(destination),
    ...rest,
  });
  const document = {
    version: formatVersion,
    createdBy: `imagesync ${version()}`,
    createdAt: new Date().toISOString(),
    rules: rules.map(({ name, plan }) => ({
      name,
      items: plan.items.map(written),
      ...(plan.failures === undefined ? {} : { failures: plan.failures.map(written) }),
      ...(plan.warnings === undefined ? {} : { warnings: plan.warnings }),
    })),
  };
  await writeSideFile(file, planFile, () => `${JSON.stringify(document, undefined, 1)}\n`);
}

/** Reads plans back, believing nothing: whatever a plan would not say is an error that tells where. @throws UsageError */
export async function readPlan(file: string, readers: PlanReaders): Promise<RulePlan[]> {
  const fault = (where: string, why: string): UsageError =>
    new UsageError(
      `Cannot use the plan in "${file}": ${where === "" ? "" : `${where} `}${why}`,
      'Make it again with "imagesync plan --out"',
    );
  let document: unknown;
  try {
    const { size } = await stat(file);
    if (size > maxPlanBytes) throw new Error(`it has ${size} bytes, at most ${maxPlanBytes} are read`);
    document = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw fault("", reasonOf(error).slice(0, 200));
  }
  const reader = new Reader(readers, fault);
  const { rules } = reader.fields(document, "it", ["version", "createdBy", "createdAt", "rules"]);
  const { version: found } = document as { readonly version?: unknown };
  if (found !== formatVersion) throw fault("version", `is not ${formatVersion}`);
  return reader.list(rules, "rules").map((rule, at) => reader.rule(rule, `rules[${at}]`));
}

class Reader {
  readonly #readers: PlanReaders;
  readonly #fault: (where: string, why: string) => UsageError;

  constructor(readers: PlanReaders, fault: (where: string, why: string) => UsageError) {
    this.#readers = readers;
    this.#fault = fault;
  }

  rule(value: unknown, at: string): RulePlan {
    const { name, items, failures, warnings } = this.fields(value, at, ["name", "items", "failures", "warnings"]);
    const plan: Plan = {
      items: this.list(items, `${at}.items`).map((item, number, all) =>
        this.#item(item, number, all.length, `${at}.items[${number}]`),
      ),
      ...(failures === undefined
        ? {}
        : { failures: this.list(failures, `${at}.failures`).map((one) => this.#failure(one, `${at}.failures`)) }),
      ...(warnings === undefined
        ? {}
        : { warnings: this.list(warnings, `${at}.warnings`).map((one) => this.#text(one, `${at}.warnings`)) }),
    };
    const called = this.#text(name, `${at}.name`);
    if (/\p{Cc}/u.test(called)) throw this.#fault(`${at}.name`, "has control characters");
    return { name: called, plan };
  }

  fields(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.#fault(at, "is not an object");
    const unknown = Object.keys(value).find((name) => !known.includes(name));
    if (unknown !== undefined) throw this.#fault(at, `has ${JSON.stringify(unknown.slice(0, 80))}, which no plan has`);
    return value as Readonly<Record<string, unknown>>;
  }

  list(value: unknown, at: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.#fault(at, "is not a list");
    return value;
  }

  #item(value: unknown, number: number, count: number, at: string): PlanItem {
    const item = this.fields(value, at, itemFields);
    const action = this.#text(item["action"], `${at}.action`) as PlanItem["action"];
    if (!actions.has(action)) throw this.#fault(`${at}.action`, "is none that a plan has");
    const source = this.#reference(item["source"], `${at}.source`);
    if (source.digest === undefined && action !== "delete") throw this.#fault(`${at}.source`, "has no digest");
    const digest = this.#digest(item["digest"], `${at}.digest`);
    const follows = this.#optional(item["follows"], (one) => this.#size(one, `${at}.follows`));
    if (follows !== undefined && follows >= number) throw this.#fault(`${at}.follows`, "names nothing before it");
    const orFollows = this.#optional(item["orFollows"], (one) =>
      this.list(one, `${at}.orFollows`).map((way) => this.#size(way, `${at}.orFollows`)),
    );
    const isNowhere = orFollows?.some((way) => way >= count || follows === undefined);
    if (isNowhere === true) throw this.#fault(`${at}.orFollows`, "names nothing that can be followed");
    return withoutUndefined({
      source,
      destination: this.#reference(item["destination"], `${at}.destination`),
      action,
      reason: this.#text(item["reason"], `${at}.reason`),
      hint: this.#optional(item["hint"], (one) => this.#text(one, `${at}.hint`)),
      digest,
      currentDigest: this.#optional(item["currentDigest"], (one) => this.#digest(one, `${at}.currentDigest`)),
      bytes: this.#size(item["bytes"], `${at}.bytes`),
      pulls: this.#optional(item["pulls"], (one) => this.#size(one, `${at}.pulls`)),
      follows,
      orFollows,
      subject: this.#optional(item["subject"], (one) => this.#digest(one, `${at}.subject`)),
      referrers: this.#optional(item["referrers"], (one) => this.#truth(one, `${at}.referrers`)),
      artifactType: this.#optional(item["artifactType"], (one) => this.#text(one, `${at}.artifactType`)),
      guarded: this.#optional(item["guarded"], (one) => this.#guard(one, `${at}.guarded`)),
      thorough: this.#optional(item["thorough"], (one) => this.#truth(one, `${at}.thorough`)),
      createRepository: this.#optional(item["createRepository"], (one) => this.#truth(one, `${at}.createRepository`)),
      subset: this.#optional(item["subset"], (one) => this.#subset(one, digest, `${at}.subset`)),
    });
  }

  /** The one manifest whose bytes stand in the plan is what the digest says. */
  #subset(value: unknown, digest: Digest, at: string): NonNullable<PlanItem["subset"]> {
    const fields = this.fields(value, at, ["mediaType", "text"]);
    const text = this.#text(fields["text"], `${at}.text`, maxSubsetLength);
    if (this.#readers.digestOf(new TextEncoder().encode(text)) !== digest) {
      throw this.#fault(at, "has not the digest of its item");
    }
    return { mediaType: this.#text(fields["mediaType"], `${at}.mediaType`), text };
  }

  #failure(value: unknown, at: string): PlanFailure {
    const failure = this.fields(value, at, ["source", "destination", "code", "message", "hint", "side"]);
    const { side } = failure;
    if (side !== undefined && side !== "source" && side !== "destination") {
      throw this.#fault(`${at}.side`, "is neither source nor destination");
    }
    return withoutUndefined({
      source: this.#reference(failure["source"], `${at}.source`),
      destination: this.#reference(failure["destination"], `${at}.destination`),
      code: this.#text(failure["code"], `${at}.code`) as ErrorCode,
      message: this.#text(failure["message"], `${at}.message`),
      hint: this.#optional(failure["hint"], (one) => this.#text(one, `${at}.hint`)),
      side,
    });
  }

  #optional<T>(value: unknown, read: (value: unknown) => T): T | undefined {
    return value === undefined ? undefined : read(value);
  }

  #reference(value: unknown, at: string): Reference {
    try {
      return this.#readers.parse(this.#text(value, at));
    } catch {
      throw this.#fault(at, "is not a reference");
    }
  }

  #digest(value: unknown, at: string): Digest {
    if (typeof value !== "string" || !this.#readers.isDigest(value)) throw this.#fault(at, "is not a digest");
    return value;
  }

  #text(value: unknown, at: string, longest = 8192): string {
    if (typeof value !== "string" || value.length > longest) throw this.#fault(at, "is not a text of fair length");
    return value;
  }

  #size(value: unknown, at: string): number {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.#fault(at, "is not a whole number");
    return value as number;
  }

  #guard(value: unknown, at: string): NonNullable<PlanItem["guarded"]> {
    if (value !== "keep" && value !== "fail") throw this.#fault(at, "is neither keep nor fail");
    return value;
  }

  #truth(value: unknown, at: string): boolean {
    if (typeof value !== "boolean") throw this.#fault(at, "is neither true nor false");
    return value;
  }
}

/** Every field that an item can have: the compiler knows when one is missing. */
const itemFields = Object.keys({
  source: true,
  destination: true,
  action: true,
  reason: true,
  hint: true,
  digest: true,
  currentDigest: true,
  bytes: true,
  pulls: true,
  follows: true,
  orFollows: true,
  subject: true,
  referrers: true,
  artifactType: true,
  guarded: true,
  thorough: true,
  createRepository: true,
  subset: true,
} satisfies Record<keyof PlanItem, true>);

/** Plans are compared and written as JSON: what is not there has no name either. */
function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
