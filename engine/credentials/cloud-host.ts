/** A registry of a cloud, as its host name tells it. */
export type CloudHost =
  | { readonly cloud: "google" }
  | { readonly cloud: "azure"; readonly national: "public" | "china" | "government" }
  | {
      readonly cloud: "amazon";
      readonly account: string;
      readonly region: string;
      readonly fips: boolean;
      readonly dualStack: boolean;
    }
  | { readonly cloud: "amazon-public" };

/**
 * Names in zones that belong to the clouds themselves, whole: a login of the machine must not be given to
 * `gcr.io.example.com`, nor to a host with a port, which no cloud has.
 */
const googleHost = /^(?:(?:[a-z0-9-]+\.)?gcr\.io|[a-z0-9-]+-docker\.pkg\.dev)$/;
const azureHost = /^[a-z0-9-]+(?:\.[a-z0-9-]+)?\.azurecr\.(io|cn|us)$/;

/**
 * Each of Amazon's partitions has its zone, and dual-stack names have zones of their own.
 * @see https://docs.aws.amazon.com/general/latest/gr/ecr.html
 */
const amazonHost =
  /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-z]{2,}(?:-[a-z0-9]+)+)\.(?:amazonaws\.com(?:\.cn)?|amazonaws\.eu|(on\.aws|on\.amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

const nationalClouds = { io: "public", cn: "china", us: "government" } as const;

/** The cloud whose registry this canonical host is; undefined for every other host. */
export function cloudHostOf(registry: string): CloudHost | undefined {
  if (googleHost.test(registry)) return { cloud: "google" };
  const zone = azureHost.exec(registry)?.[1] as keyof typeof nationalClouds | undefined;
  if (zone !== undefined) return { cloud: "azure", national: nationalClouds[zone] };
  if (registry === "public.ecr.aws") return { cloud: "amazon-public" };
  const [, account, fips, region, dualStack] = amazonHost.exec(registry) ?? [];
  if (account === undefined || region === undefined) return undefined;
  return { cloud: "amazon", account, region, fips: fips !== undefined, dualStack: dualStack !== undefined };
}
