import type {
  Credential,
  EngineOptions,
  Examination,
  ExamineOptions,
  RegistryTransport,
} from "../../../engine/index.ts";
import { createEngine } from "../../../engine/index.ts";

export interface ExaminedAt extends ExamineOptions {
  readonly repository?: string;
  readonly login?: Credential;
  readonly transport?: Partial<RegistryTransport>;
  readonly engine?: EngineOptions;
}

/** Examines a registry that speaks plain HTTP, unless `transport` says otherwise, by an engine of its own. */
export async function examined(host: string, options: ExaminedAt = {}): Promise<Examination> {
  const { repository, login, transport, engine: more, ...rest } = options;
  const engine = createEngine({
    registries: [{ address: host, plainHttp: true, ...transport }],
    credentials: { explicit: login === undefined ? [] : [{ address: host, credential: login }] },
    retry: { attempts: 1 },
    ...more,
  });
  try {
    return await engine.examine({ registry: host, ...(repository === undefined ? {} : { repository }) }, rest);
  } finally {
    await engine.close();
  }
}

/** `ok`, `failed` and so on of each check, by its name. */
export function outcomes({ checks }: Examination): Record<string, string> {
  return Object.fromEntries(checks.map(({ name, outcome }) => [name, outcome]));
}

/** What was seen of one thing, and what to do about it. */
export function told({ checks }: Examination, name: string): string {
  const { detail, hint } = checks.find((check) => check.name === name) ?? {};
  return `${detail ?? ""} | ${hint ?? ""}`;
}
