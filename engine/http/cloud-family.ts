import { type CloudHost, cloudHostOf } from "../credentials/cloud-host.ts";
import type { Vendor } from "./transport.ts";

const families: Readonly<Record<CloudHost["cloud"], Vendor>> = {
  google: "gar",
  azure: "acr",
  amazon: "ecr",
  "amazon-public": "ecr-public",
};

/** The family of a cloud's own registry, by the same names for which the cloud is asked for logins. */
export function cloudFamilyOf(registry: string): Vendor | undefined {
  const host = cloudHostOf(registry);
  return host && families[host.cloud];
}
