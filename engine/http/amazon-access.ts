import { amazonCredentials, type AmazonKeys, hasAmazonSign } from "../credentials/amazon-credentials.ts";
import { cloudHostOf } from "../credentials/cloud-host.ts";
import { type Environment, variable } from "../credentials/environment.ts";

export { silentLogger } from "../credentials/amazon-credentials.ts";

/** With what Amazon's own API is used on behalf of a registry. */
export interface AmazonAccess {
  /** Keys that the environment names, `ambient` for what Amazon's SDK finds by itself, or `none`. */
  readonly credentials: AmazonKeys | "ambient" | "none";
  /** The variable that says that there are credentials: then it is an error when there are none. */
  readonly sign?: string | undefined;
  /** Address of the API where the environment names one. */
  readonly endpoint?: string | undefined;
  /** By the registry's host; of a host that is not Amazon's by the environment. */
  readonly region?: string | undefined;
  /** Whose registry it is, by its host. */
  readonly account?: string | undefined;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** What an environment and the host of a registry say of it. */
export function amazonAccess(registry: string, environment: Environment): AmazonAccess {
  const host = cloudHostOf(registry);
  const amazon = host?.cloud === "amazon" ? host : undefined;
  return {
    credentials: amazonCredentials(environment),
    sign: hasAmazonSign(environment),
    endpoint: variable(environment, "AWS_ENDPOINT_URL_ECR"),
    region: amazon?.region ?? variable(environment, "AWS_REGION"),
    account: amazon?.account,
    fips: amazon?.fips ?? false,
    dualStack: amazon?.dualStack ?? false,
  };
}
