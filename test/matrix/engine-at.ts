import { createEngine, type Engine, type EngineOptions } from "../../engine/index.ts";
import type { Stage } from "./stage.ts";

/**
 * An engine that knows the registry's address and login, and, if `told`, its family: a registry under a company's own
 * name does not show it. `others` are reached without a login.
 */
export function engineAt(profile: Omit<Stage, "contents">, told: boolean, others: readonly string[] = []): Engine {
  const { vendor, apiUrl, login, host } = profile;
  const family = told ? { ...(vendor === undefined ? {} : { vendor }), apiUrl } : {};
  const credential = { kind: "basic", username: login.user, password: login.password } as const;
  const retry: EngineOptions["retry"] = { attempts: 2, baseDelayMs: 1, maxDelayMs: 2 };
  return createEngine({
    registries: [
      { address: host, plainHttp: true, ...family },
      ...others.map((address) => ({ address, plainHttp: true })),
    ],
    credentials: { explicit: [{ address: host, credential }] },
    ...(retry === undefined ? {} : { retry }),
  });
}
