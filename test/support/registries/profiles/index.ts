/** Registries that cannot be had in a test, played: https://github.com/opencontainers/distribution-spec/ and each vendor's ways. */
export type { Cells, Evidence, Profile, ProfileRequest, RunningProfile } from "./profile.ts";
export { profileNames, profiles, type ProfileName } from "./profiles.ts";
export { startProfile } from "./start-profile.ts";
