import { isDeepStrictEqual } from "node:util";
import { expect, onTestFinished } from "vitest";
import { createRedactor } from "../../../../engine/index.ts";
import { createLogger } from "../../../../provider-shim/log.ts";
import { Diagnostics, type Diagnostic } from "../../../../provider-shim/protocol/diagnostics.ts";
import type { Context } from "../../../../provider-shim/protocol/resource.ts";
import { objectValue, UNKNOWN, type ObjectValue, type Value } from "../../../../provider-shim/protocol/value.ts";
import { configureProvider, type Configured } from "../../../../provider-shim/configure.ts";
import { imagesync } from "../../../../provider-shim/resources/imagesync.ts";

/** What Terraform keeps of a resource between commands. */
export interface Kept {
  readonly state: ObjectValue | null;
  readonly private: Uint8Array;
}

export interface Planned {
  readonly prior: Kept;
  readonly config: ObjectValue;
  readonly planned: ObjectValue;
  readonly private: Uint8Array;
  readonly replaces: boolean;
}

interface Answer<T> {
  readonly value: T;
  readonly findings: readonly Diagnostic[];
}

export interface Commands {
  refresh(kept: Kept): Promise<Answer<Kept>>;
  /** `terraform plan`, with its refresh. */
  plan(kept: Kept, wanted: ObjectValue): Promise<Answer<Planned>>;
  /** `terraform apply` of a plan that does not replace. */
  apply(plan: Planned): Promise<Answer<Kept>>;
  /** Both. */
  put(kept: Kept, wanted: ObjectValue): Promise<Kept>;
  /** `terraform destroy`, with its refresh. */
  destroy(kept: Kept): Promise<Answer<Kept>>;
}

const { attributes } = imagesync.schema.block;

/** Before the first apply. */
export const nothing: Kept = { state: null, private: new Uint8Array() };

/** A resource's configuration: what is not given is null. */
export function config(values: Readonly<Record<string, Value>>): ObjectValue {
  const empty = Object.keys(attributes).map((name) => [name, null] as const);
  return objectValue({ ...Object.fromEntries(empty), timeouts: null, ...values });
}

/**
 * Calls the resource's verbs in the order in which Terraform's commands call them, each command in a provider of its
 * own, and holds it to Terraform's rules on the way.
 */
export function startCommands(
  hosts: readonly string[],
  logins: readonly ObjectValue[] = [],
  signal: AbortSignal = new AbortController().signal,
  more: Readonly<Record<string, Value>> = {},
): Commands {
  const redactor = createRedactor();
  const log = createLogger({ write: () => undefined, redact: (text) => redactor.redact(text) });
  const provider = (): Configured => {
    const registry = hosts.map((address) => objectValue({ address, plain_http: true }));
    const block = objectValue({ registry, registry_auth: logins, ...more });
    const configured = configureProvider(block, { environment: {}, userAgent: "test", redactor });
    onTestFinished(() => configured.engine.close());
    return configured;
  };
  const context = (): Context => ({
    signal,
    diagnostics: new Diagnostics(),
    log,
  });

  const refresh = async (kept: Kept, by = provider()): Promise<Answer<Kept>> => {
    const call = context();
    if (kept.state === null) return { value: kept, findings: [] };
    const read = await imagesync.read({ state: kept.state, private: kept.private, provider: by }, call);
    return { value: { state: read.state, private: read.private ?? kept.private }, findings: call.diagnostics.list };
  };

  const ask = async (kept: Kept, wanted: ObjectValue, by: Configured): Promise<Answer<Planned>> => {
    const call = context();
    const given = Object.entries(wanted).map(([name, value]): [string, Value] => {
      const computed = attributes[name]?.computed === true && value === null;
      return [name, computed ? (kept.state === null ? UNKNOWN : (kept.state[name] ?? null)) : value];
    });
    const answer = await imagesync.plan(
      {
        prior: kept.state,
        proposed: objectValue(Object.fromEntries(given)),
        config: wanted,
        private: kept.private,
        plannedPrivate: undefined,
        storePlannedPrivate: false,
        provider: by,
      },
      call,
    );
    // Absent only beside an error, when nothing is there yet.
    const planned = answer.planned ?? wanted;
    if (!call.diagnostics.hasErrors) checkPlan(planned, wanted, kept.state);
    const replaces = (answer.requiresReplace ?? []).length > 0 && kept.state !== null;
    const value = { prior: kept, config: wanted, planned, private: answer.private ?? kept.private, replaces };
    return { value, findings: call.diagnostics.list };
  };

  const plan = async (kept: Kept, wanted: ObjectValue): Promise<Answer<Planned>> => {
    const by = provider();
    const { value: fresh, findings } = await refresh(kept, by);
    const first = await ask(fresh, wanted, by);
    if (!first.value.replaces) return { ...first, findings: [...findings, ...first.findings] };
    const second = await ask({ state: null, private: first.value.private }, wanted, by);
    return { value: { ...second.value, prior: fresh, replaces: true }, findings: [...findings, ...second.findings] };
  };

  const apply = async ({ prior, config: wanted, planned }: Planned): Promise<Answer<Kept>> => {
    const by = provider();
    const again = await ask(prior, wanted, by);
    for (const [name, value] of Object.entries(planned)) {
      if (value !== UNKNOWN) expect(again.value.planned[name], `${name} in the second plan`).toEqual(value);
    }
    const call = context();
    const request = { prior: prior.state, planned: again.value.planned, config: wanted, provider: by };
    const done = await imagesync.apply({ ...request, private: again.value.private }, call);
    for (const [name, value] of Object.entries(again.value.planned)) {
      expect(done.state?.[name], `${name} after apply`).not.toBe(UNKNOWN);
      if (value !== UNKNOWN) expect(done.state?.[name], `${name} after apply`).toEqual(value);
    }
    return {
      value: { state: done.state, private: done.private ?? again.value.private },
      findings: call.diagnostics.list,
    };
  };

  const destroy = async (kept: Kept): Promise<Answer<Kept>> => {
    const by = provider();
    const { value: fresh, findings } = await refresh(kept, by);
    if (fresh.state === null) return { value: nothing, findings };
    const call = context();
    const request = { prior: fresh.state, planned: null, config: null, private: fresh.private, provider: by };
    const done = await imagesync.apply(request, call);
    expect(done.state).toBeNull();
    return { value: nothing, findings: call.diagnostics.list };
  };

  return {
    destroy,
    refresh: (kept) => refresh(kept),
    plan,
    apply,
    put: async (kept: Kept, wanted: ObjectValue): Promise<Kept> => {
      const { value, findings } = await plan(kept, wanted);
      expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
      return (await apply(value)).value;
    },
  };
}

/** What a plan would change; empty when Terraform says "No changes". */
export function changes({ prior, planned }: Planned): string[] {
  return Object.keys(planned).filter((name) => !isDeepStrictEqual(prior.state?.[name] ?? null, planned[name]));
}

/** Terraform: what is configured is planned as it is, or stays as it was. */
function checkPlan(planned: ObjectValue, wanted: ObjectValue, prior: ObjectValue | null): void {
  for (const [name, value] of Object.entries(wanted)) {
    if (value === null && attributes[name]?.computed === true) continue;
    const allowed = [value, ...(prior === null || value === null ? [] : [prior[name] ?? null])];
    expect(allowed, `the planned ${name}`).toContainEqual(planned[name]);
  }
}
