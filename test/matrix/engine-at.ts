import { createEngine, type Engine } from "../../engine/index.ts";
import { quickRetry } from "../engine/pair.ts";
import type { Stage } from "./stage.ts";

/** The login of a cloud whose registry does not delete by its own. */
const cloudLogin = {
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "secret",
};

/**
 * An engine that knows the registry's address and login, and, if `told`, its family: a registry under a company's own
 * name does not show it. `others` are reached without a login.
 */
export function engineAt(profile: Omit<Stage, "contents">, told: boolean, others: readonly string[] = []): Engine {
  const { vendor, apiUrl, login, host } = profile;
  const family = told ? { ...(vendor === undefined ? {} : { vendor }), apiUrl } : {};
  const credential = { kind: "basic", username: login.user, password: login.password } as const;
  return createEngine({
    registries: [
      { address: host, plainHttp: true, ...family },
      ...others.map((address) => ({ address, plainHttp: true })),
    ],
    credentials: { explicit: [{ address: host, credential }] },
    retry: quickRetry,
    environment: cloudLogin,
  });
}
