import type { SelectionMode, Vendor } from "../../engine/index.ts";
import type { Secret } from "./secret.ts";

/** A configuration file in our own words, after it was read and before it means anything; other dialects become one. */
export interface ConfigDocument {
  readonly version: 1;
  readonly registries?: readonly RegistryEntry[] | undefined;
  readonly defaults?: PolicyKeys | undefined;
  readonly images?: readonly ImageEntry[] | undefined;
  readonly repositories?: readonly RepositoryEntry[] | undefined;
  readonly limits?: LimitKeys | undefined;
  readonly lock_file?: string | undefined;
  readonly on_retag?: "warn" | "fail" | "accept" | undefined;
  readonly fail_fast?: boolean | undefined;
}

/** How a registry is reached, and the login for it or for a path of it. */
export interface RegistryEntry {
  readonly address: string;
  readonly plain_http?: boolean | undefined;
  readonly insecure_skip_verify?: boolean | undefined;
  readonly ca_certificate_file?: string | undefined;
  readonly client_certificate_file?: string | undefined;
  readonly client_key_file?: string | undefined;
  readonly mirrors?: readonly string[] | undefined;
  readonly proxy_url?: string | Secret | undefined;
  readonly headers?: Readonly<Record<string, string | Secret>> | undefined;
  readonly max_concurrent_requests?: number | undefined;
  readonly requests_per_second?: number | undefined;
  readonly vendor?: Vendor | undefined;
  readonly api_url?: string | undefined;
  readonly username?: string | Secret | undefined;
  readonly password?: Secret | undefined;
  readonly identity_token?: Secret | undefined;
  readonly registry_token?: Secret | undefined;
  readonly credential_helper?: string | undefined;
  readonly auth_disabled?: boolean | undefined;
}

/** How images are copied: in `defaults` for all entries, in an entry for itself. */
export interface PolicyKeys {
  readonly platforms?: readonly string[] | undefined;
  readonly required_platforms?: readonly string[] | undefined;
  readonly integrity_check?: "tag" | "manifests" | "blobs" | undefined;
  readonly create_repository?: boolean | undefined;
  readonly on_conflict?: "overwrite" | "keep" | "fail" | undefined;
  readonly replace_tag?: boolean | undefined;
  readonly same_image?: "digest" | "image-id" | undefined;
  readonly referrers?: boolean | undefined;
  readonly artifact_types?: readonly string[] | undefined;
}

/** What every entry says. */
export interface PlaceKeys {
  readonly name?: string | undefined;
  readonly source: string;
  readonly destination: string;
}

/** One image. */
export interface ImageEntry extends PlaceKeys, PolicyKeys {
  readonly additional_tags?: readonly string[] | undefined;
}

/** Many tags of one repository. */
export interface RepositoryEntry extends PlaceKeys, PolicyKeys {
  readonly tags?: readonly string[] | undefined;
  readonly mode?: SelectionMode | undefined;
  readonly allow_prerelease?: boolean | undefined;
  readonly compatibility?: string | undefined;
  readonly pinned_major?: number | undefined;
  readonly range?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly include_regex?: readonly string[] | undefined;
  readonly exclude_regex?: readonly string[] | undefined;
  readonly keep_latest?: number | undefined;
  readonly higher_on_empty?: "none" | "highest" | "all" | undefined;
  readonly deletions?: DeletionKeys | undefined;
}

/** What keeps deletions from emptying the destination. */
export interface DeletionKeys {
  readonly max_share?: number | undefined;
  readonly protect?: readonly string[] | undefined;
  readonly allow_empty_source?: boolean | undefined;
}

/** Limits of the whole run. */
export interface LimitKeys {
  readonly max_parallel_transfers?: number | undefined;
  readonly max_bandwidth?: string | undefined;
}
