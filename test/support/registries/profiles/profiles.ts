import { acr } from "./acr.ts";
import { distribution28, distribution3 } from "./distribution.ts";
import { dockerHub } from "./docker-hub.ts";
import { ecr } from "./ecr.ts";
import { gar } from "./gar.ts";
import { ghcr } from "./ghcr.ts";
import { gitlab } from "./gitlab.ts";
import { harbor } from "./harbor.ts";
import { quay } from "./quay.ts";
import { artifactory, cloudflare, nexus } from "./self-hosted.ts";
import type { Profile } from "./profile.ts";
import { zot } from "./zot.ts";

/** The name of a family. */
export type ProfileName =
  | "distribution-2.8"
  | "distribution-3"
  | "docker-hub"
  | "ghcr"
  | "quay"
  | "gar"
  | "ecr"
  | "acr"
  | "harbor"
  | "gitlab"
  | "zot"
  | "artifactory"
  | "nexus"
  | "cloudflare";

/** Every family of registries that can be played. */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  "distribution-2.8": distribution28,
  "distribution-3": distribution3,
  "docker-hub": dockerHub,
  ghcr,
  quay,
  gar,
  ecr,
  acr,
  harbor,
  gitlab,
  zot,
  artifactory,
  nexus,
  cloudflare,
};

/** All names, for tables of tests. */
export const profileNames: readonly ProfileName[] = Object.keys(profiles) as ProfileName[];
