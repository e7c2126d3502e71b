import type { Environment } from "../credentials/environment.ts";
import { environmentSecrets } from "../credentials/environment-secrets.ts";
import { parseProxy, proxySecrets } from "./proxy.ts";
import type { Redactor } from "./redact.ts";
import type { RegistryTransport } from "./transport.ts";

/** Tells the redactor what the settings hold that must not be told: values of headers, keys, logins to proxies. */
export function registerConfiguredSecrets(
  redactor: Redactor,
  options: { readonly registries?: readonly RegistryTransport[] | undefined; readonly environment: Environment },
): void {
  for (const { headers = {}, clientKey, proxyUrl } of options.registries ?? []) {
    const proxy = proxyUrl === undefined ? undefined : parseProxy(proxyUrl);
    for (const secret of [...Object.values(headers), ...(proxy?.secrets ?? [])]) redactor.keepSecret(secret);
    if (clientKey !== undefined) redactor.keepSecret(clientKey);
  }
  const { environment } = options;
  for (const secret of [...proxySecrets(environment), ...environmentSecrets(environment)]) redactor.keepSecret(secret);
}
