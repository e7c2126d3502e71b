import { deletionPolicies, deletionPolicyOf } from "./deletion-policy.ts";
import { attributePath } from "./protocol/diagnostics.ts";
import type { Context } from "./protocol/resource.ts";
import type { ObjectValue, Value } from "./protocol/value.ts";
import { validateProcessSettings } from "./process-settings.ts";
import { blocks } from "./provider-schema.ts";
import { validateRegistries } from "./validate-registry.ts";
import { checkConfigContent, validateLoginAddresses, validateRegistryAuth } from "./validate-registry-auth.ts";

/** Offline; silent about what is not known yet. `environment` may hold the login that a block leaves out. */
export function validateProvider(
  config: ObjectValue,
  { diagnostics }: Context,
  environment: NodeJS.ProcessEnv = {},
): void {
  blocks(config, "registry_auth").forEach((block, position) => {
    const path = (attribute: string): ReturnType<typeof attributePath> =>
      attributePath("registry_auth", position, attribute);
    checkAddress(block["address"], path("address"));
    validateRegistryAuth(block, path, environment, diagnostics);
  });
  validateLoginAddresses(blocks(config, "registry_auth"), blocks(config, "registry"), diagnostics);
  validateRegistries(blocks(config, "registry"), diagnostics);
  validateProcessSettings(config, environment, diagnostics);
  if (config["config_file"] === "") {
    diagnostics.error(
      "Empty config_file",
      `Give the path of a docker config.json, or leave "config_file" out.`,
      attributePath("config_file"),
    );
  }
  const policy = config["deletion_policy"];
  if (typeof policy === "string" && deletionPolicyOf(policy) === undefined) {
    const choices = deletionPolicies.map((choice) => `"${choice}"`).join(", ");
    const detail = `${JSON.stringify(policy.slice(0, 100))} is not possible here. Write one of: ${choices}.`;
    diagnostics.error("Invalid deletion_policy", detail, attributePath("deletion_policy"));
  }
  checkConfigContent(config["config_file_content"], attributePath("config_file_content"), diagnostics);

  function checkAddress(address: Value | undefined, path: ReturnType<typeof attributePath>): void {
    if (typeof address !== "string" || /^(?:https?:\/\/)?(?![a-z]+:\/)[^\s/@?#]+(?:\/[^\s@?#]*)?$/.test(address))
      return;
    const detail = `${JSON.stringify(address.slice(0, 100))} is not an address. Write it as "host", "host:port" or "host/path".`;
    diagnostics.error("Invalid registry address", detail, path);
  }
}
