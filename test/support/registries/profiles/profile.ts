import type { Api, Handling, Intercept, RegistryOptions, RequestRecord } from "../../../../embedded-registry/index.ts";
import type { RegistryTransport } from "../../../../engine/index.ts";
import type { Endpoint } from "../../images/index.ts";
import type { Contents } from "./contents.ts";

/**
 * Where knowledge of a registry comes from: `ran` here, read in its `code`, its vendor's `doc`, an `issue` in which
 * somebody shows its answer, or only from `memory`, which is not verified.
 */
export type Evidence = "ran" | "code" | "doc" | "issue" | "memory";

/** One thing that registries do differently. */
interface Cell {
  /** In a few words, for tables. */
  readonly is: string;
  readonly known: Evidence;
}

/** What registries differ in, as far as copies and deletes meet it. */
export interface Cells {
  readonly login: Cell;
  /** DELETE of a manifest by tag. */
  readonly tagDelete: Cell;
  /** DELETE of a manifest by digest. */
  readonly digestDelete: Cell;
  readonly blobDelete: Cell;
  /** Whether there is a referrers API, and what is said where there is none. */
  readonly referrers: Cell;
  readonly mount: Cell;
  readonly chunks: Cell;
  /** Whether a push makes its repository. */
  readonly creation: Cell;
  readonly tagPages: Cell;
  /** What a delete is answered that the user may not do, or that is switched off. */
  readonly refusedDelete: Cell;
  /** The vendor's own way to take a tag away. */
  readonly api: Cell;
}

/** Who may come in. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** How a profile is started. */
export interface ProfileOptions {
  /** False: the deletes of this user are refused, or deletes are switched off, as the family does it. Default true. */
  readonly deletes?: boolean;
  /** True: deletes by digest are done and answered with 500, where the family is known to do that. Default false. */
  readonly answersLate?: boolean;
  /** The repositories that exist, where pushes do not make them. Default: every repository exists. */
  readonly repositories?: readonly string[];
  /** False: everybody may do everything. Default true. */
  readonly login?: boolean;
}

/** What a profile's rules and its vendor's API work on. */
export interface Stage {
  readonly contents: Contents;
  readonly options: ProfileOptions;
  readonly login: Login;
  /** Address of the vendor's own API, where that is another host than the registry. */
  readonly apiUrl: string;
}

/** A family of registries: the differences to the embedded registry, and what is known of them. */
export interface Profile {
  readonly name: string;
  /** As the engine's configuration calls it; undefined where it knows nothing of it. */
  readonly vendor: RegistryTransport["vendor"];
  readonly cells: Cells;
  readonly login: Login;
  readonly auth: (login: Login) => NonNullable<RegistryOptions["auth"]>;
  readonly registry?: RegistryOptions;
  /** From the outermost on. */
  readonly rules?: (stage: Stage) => readonly Handling[];
  /** The vendor's API on the registry's own port. */
  readonly api?: (stage: Stage) => Api;
  /** The vendor's API on a host of its own. */
  readonly elsewhere?: (stage: Stage) => Api;
}

/** A request to the registry or to its vendor's API. */
export type ProfileRequest = Pick<RequestRecord, "method" | "path" | "status"> & {
  readonly kind: RequestRecord["kind"] | "vendor";
};

/** A registry that behaves as one family does. */
export interface RunningProfile {
  readonly name: string;
  readonly vendor: RegistryTransport["vendor"];
  readonly cells: Cells;
  readonly login: Login;
  readonly url: string;
  /** Host and port. */
  readonly host: string;
  /** Address of the vendor's own API: that of the registry where it has no other. */
  readonly apiUrl: string;
  /** What there is, looked at and changed behind the registry's back. */
  readonly contents: Contents;
  /** How test clients come in: with a login for this repository. */
  endpoint(repository: string): Promise<Endpoint>;
  /** In the order of their arrival, those for tokens left out. */
  requests(): readonly ProfileRequest[];
  /** For example `{ "DELETE manifest": 1, "DELETE vendor": 1 }`. */
  counts(): Record<string, number>;
  resetCounts(): void;
  /** Injects faults, at both hosts. */
  intercept: Intercept | undefined;
  close(): Promise<void>;
}
