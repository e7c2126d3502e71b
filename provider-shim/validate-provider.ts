import { deletionPolicies, deletionPolicyOf } from "./deletion-policy.ts";
import { attributePath } from "./protocol/diagnostics.ts";
import type { Context } from "./protocol/resource.ts";
import { isUnknown, type ObjectValue, type Value } from "./protocol/value.ts";
import { blocks } from "./provider-schema.ts";
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
    checkAddress(block, path("address"), true);
    validateRegistryAuth(block, path, environment, diagnostics);
  });
  validateLoginAddresses(blocks(config, "registry_auth"), blocks(config, "registry"), diagnostics);
  const seen = new Set<string>();
  blocks(config, "registry").forEach((block, position) => {
    const path = (attribute: string): ReturnType<typeof attributePath> =>
      attributePath("registry", position, attribute);
    checkAddress(block, path("address"), false);
    const address = block["address"];
    if (typeof address === "string" && seen.has(address)) {
      diagnostics.error(
        "Registry configured twice",
        `There is another block for ${describe(address)}. Merge the two.`,
        path("address"),
      );
    }
    if (typeof address === "string") seen.add(address);
    if (isHalf(block["client_certificate"], block["client_key"])) {
      const missing = block["client_key"] === null ? "client_key" : "client_certificate";
      const detail = `"client_certificate" and "client_key" belong together. Give "${missing}" too.`;
      diagnostics.error("Incomplete client certificate", detail, path(missing));
    }
    for (const name of ["ca_certificate", "client_certificate", "client_key"]) {
      const pem = block[name];
      if (typeof pem !== "string" || /-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/.test(pem)) continue;
      const detail = `"${name}" is not in PEM form (-----BEGIN …-----). Give the content of the file, for instance by file("ca.pem").`;
      diagnostics.error("Not a PEM text", detail, path(name));
    }
    if (block["plain_http"] === true && (block["insecure_skip_verify"] === true || isGiven(block["ca_certificate"]))) {
      const detail = `Without encryption there are no certificates to check. Remove "plain_http" or the certificate settings.`;
      diagnostics.error("Contradicting transport", detail, path("plain_http"));
    }
  });
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

  function checkAddress(block: ObjectValue, path: ReturnType<typeof attributePath>, mayHavePath: boolean): void {
    const address = block["address"];
    if (typeof address !== "string") return;
    const pattern = mayHavePath ? /^(?:https?:\/\/)?(?![a-z]+:\/)[^\s/@?#]+(?:\/[^\s@?#]*)?$/ : /^[^\s/@?#]+$/;
    if (pattern.test(address)) return;
    const form = mayHavePath ? '"host", "host:port" or "host/path"' : '"host" or "host:port"';
    diagnostics.error("Invalid registry address", `${describe(address)} is not an address. Write it as ${form}.`, path);
  }
}

/** Present for certain: what is unknown may turn out to be null. */
function isGiven(value: Value | undefined): boolean {
  return value !== null && !isUnknown(value);
}

/** Whether one of two values that belong together is there and the other one is not. */
function isHalf(one: Value | undefined, other: Value | undefined): boolean {
  return (isGiven(one) && other === null) || (isGiven(other) && one === null);
}

function describe(address: Value | undefined): string {
  return typeof address === "string" ? JSON.stringify(address.slice(0, 100)) : "this address";
}
