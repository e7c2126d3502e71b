import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { vendors } from "../../../../engine/http/transport.ts";
import { traitsOf, vendorOf } from "../../../../engine/registry/vendors/vendor.ts";

describe("the family of a registry is told by its host name", () => {
  test.each([
    ["docker.io", "docker-hub"],
    ["ghcr.io", "ghcr"],
    ["quay.io", "quay"],
    ["gcr.io", "gar"],
    ["eu.gcr.io", "gar"],
    ["europe-west3-docker.pkg.dev", "gar"],
    ["us-docker.pkg.dev", "gar"],
    ["public.ecr.aws", "ecr-public"],
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "ecr"],
    ["123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "ecr"],
    ["123456789012.dkr-ecr.us-west-2.on.aws", "ecr"],
    ["team.azurecr.io", "acr"],
    ["team.azurecr.cn", "acr"],
    ["team.azurecr.de", "acr"],
    ["team.westeurope.azurecr.us", "acr"],
    ["registry.gitlab.com", "gitlab"],
    ["acme.jfrog.io", "artifactory"],
  ])("%s is %s", (registry, vendor) => {
    expect(vendorOf(registry)).toBe(vendor);
  });

  test.each([
    "registry.example.com",
    "127.0.0.1:5000",
    "ghcr.io.evil.example",
    "evil-ghcr.io",
    "xgcr.io",
    "a.b.gcr.io",
    "docker.pkg.dev",
    "x.azurecr.io.evil.example",
    "azurecr.io",
    "12345.dkr.ecr.eu-central-1.amazonaws.com",
    "123456789012.dkr.ecr.eu-central-1.evil.example",
    "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
    "ghcr.io:8443",
    "",
  ])("%j is told by nothing", (registry) => {
    expect(vendorOf(registry)).toBeUndefined();
  });

  test("every text is told or not told, at once", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const vendor = vendorOf(text);
        expect(vendor === undefined || vendors.includes(vendor)).toBe(true);
      }),
    );
  });
});

test("every family has a row, and of an unknown one nothing is assumed", () => {
  for (const vendor of vendors) expect(traitsOf(vendor).scopeDelete).toMatch(/^(delete|\*)$/);
  expect(traitsOf(undefined)).toEqual({
    ownsGarbage: false,
    scopeDelete: "delete",
    untaggedExpire: false,
    lastTagTakesImage: false,
  });
});
