import type { Context } from "./context.ts";
import type { AttributePath, Diagnostic } from "./diagnostics.ts";
import type { FunctionDefinition } from "./function.ts";
import type { Schema } from "./schema.ts";
import type { ObjectValue } from "./value.ts";

export type { Context } from "./context.ts";

/** A provider. `P` is what `configure` makes of the provider block; every later call gets it. */
export interface ProviderDefinition<P> {
  readonly schema: Schema;
  readonly resources: Readonly<Record<string, ResourceDefinition<P>>>;
  readonly dataSources: Readonly<Record<string, DataSourceDefinition<P>>>;
  readonly functions: Readonly<Record<string, FunctionDefinition>>;
  validate(config: ObjectValue, context: Context): Promise<void> | void;
  /** Called several times per command, in several processes: it must not use the network. Values may be unknown. */
  configure(config: ObjectValue, context: Context): Promise<P>;
  /** Words for an exception that a verb has thrown. Undefined: it is reported as a fault of the provider. */
  describeError?(error: unknown): Diagnostic | undefined;
  /** Called once, before the process ends or the server is closed. */
  close?(): Promise<void>;
}

/** An object that is to become one of this type: what another provider has written of it. */
export interface MoveRequest {
  /** Source address, such as `registry.terraform.io/kreuzwerker/docker`. */
  readonly provider: string;
  readonly type: string;
  /** Of the other type's schema. */
  readonly version: number;
  readonly state: unknown;
}

/**
 * A resource type. Every verb may throw or add error diagnostics; the server then answers so that Terraform forgets
 * nothing: a failed read, update or delete keeps the state as it was.
 */
export interface ResourceDefinition<P> {
  readonly schema: Schema;
  /** Offline; values may be unknown. */
  validate(config: ObjectValue, context: Context): Promise<void> | void;
  /** Called when `version` differs from the schema's; `state` is parsed JSON. At the same version it is not asked. */
  upgrade(
    request: { readonly version: number; readonly state: unknown },
    context: Context,
  ): Promise<ObjectValue> | ObjectValue;
  /**
   * Takes over an object of another type, mostly of another provider, that a `moved` block names; `state` is parsed
   * JSON. A type of the same name is upgraded instead. Without this verb nothing can be moved here.
   */
  move?(request: MoveRequest, context: Context): Promise<ObjectValue> | ObjectValue;
  /** `state: null` says that the object is gone. Without `private` the stored bytes are kept. */
  read(
    request: { readonly state: ObjectValue; readonly private: Uint8Array; readonly provider: P },
    context: Context,
  ): Promise<{ readonly state: ObjectValue | null; readonly private?: Uint8Array | undefined }>;
  /**
   * Must give the same answer when asked again during apply, in another process.
   * Without `private` in the result the prior bytes are kept.
   */
  plan(
    request: {
      /** Null when the object is to be created. */
      readonly prior: ObjectValue | null;
      /** Null when the object is to be destroyed. */
      readonly proposed: ObjectValue | null;
      readonly config: ObjectValue | null;
      readonly private: Uint8Array;
      /** What the first plan of this run answered as `private`; only from Terraform >= 1.16, only during apply. */
      readonly plannedPrivate: Uint8Array | undefined;
      /** Whether this Terraform will hand `plannedPrivate` back. */
      readonly storePlannedPrivate: boolean;
      /** Undefined where Terraform plans with a provider that is not configured. */
      readonly provider: P | undefined;
    },
    context: Context,
  ): Promise<{
    readonly planned: ObjectValue | null;
    readonly requiresReplace?: readonly AttributePath[] | undefined;
    readonly private?: Uint8Array | undefined;
  }>;
  /**
   * Creates (`prior` null), destroys (`planned` null) or updates. `private` is what the plan answered; without `private`
   * in the result it is kept. A create that fails half-way returns the state of what exists beside an error diagnostic;
   * so may an update that says that its answer is `partial`: what exists then. Otherwise the prior state stays.
   */
  apply(
    request: {
      readonly prior: ObjectValue | null;
      readonly planned: ObjectValue | null;
      readonly config: ObjectValue | null;
      readonly private: Uint8Array;
      readonly provider: P;
    },
    context: Context,
  ): Promise<{
    readonly state: ObjectValue | null;
    readonly private?: Uint8Array | undefined;
    readonly partial?: boolean | undefined;
  }>;
  importState(
    request: { readonly id: string; readonly provider: P },
    context: Context,
  ): Promise<{ readonly state: ObjectValue; readonly private?: Uint8Array | undefined }>;
}

/** A data source. */
export interface DataSourceDefinition<P> {
  readonly schema: Schema;
  validate(config: ObjectValue, context: Context): Promise<void> | void;
  read(request: { readonly config: ObjectValue; readonly provider: P }, context: Context): Promise<ObjectValue>;
}
