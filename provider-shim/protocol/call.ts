import type { Context } from "./context.ts";
import type { Diagnostic, Diagnostics } from "./diagnostics.ts";
import type { Message, MessageInit, MessageName } from "./messages.ts";
import type { ProviderDefinition } from "./resource.ts";
import type { ObjectValue } from "./value.ts";
import type { ProtocolVersion } from "./wire.ts";

/** What ConfigureProvider leaves for the calls after it. */
export interface Configured<P> {
  readonly provider: P;
  readonly terraformVersion: string;
}

/** A running call: the provider it is for, and what its answer is made with. */
export interface Call<P> {
  readonly definition: ProviderDefinition<P>;
  readonly protocol: ProtocolVersion;
  readonly context: Context;
  /** Undefined until ConfigureProvider has succeeded. */
  readonly configured: Configured<P> | undefined;
  configure(configured: Configured<P>): void;
}

/** One remote procedure: its messages by name, and what it does. Diagnostics are added to the answer by the server. */
export interface Rpc<Request extends MessageName, Response extends MessageName, P> {
  readonly request: Request;
  readonly response: Response;
  /** Completes "Cannot …" in what the user reads when the call throws; the name of the type follows. */
  readonly action: string;
  handle(request: Message<Request>, call: Call<P>): Promise<MessageInit<Response>> | MessageInit<Response>;
  /** The answer when `handle` has thrown. Default: diagnostics only. */
  failed?(request: Message<Request>, diagnostics: readonly Diagnostic[]): MessageInit<Response>;
}

/** Ends a call whose findings are among its diagnostics already. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
}

/** Adds an error and ends the call. */
export function fail(diagnostics: Diagnostics, summary: string, detail: string): never {
  diagnostics.error(summary, detail);
  throw new CallFailed(summary);
}

/** The configured provider. Terraform configures before it reads or writes anything; a missing one ends the call. */
export function requireProvider<P>(call: Call<P>): P {
  if (call.configured === undefined) {
    fail(
      call.context.diagnostics,
      "Provider is not configured",
      "Terraform has called the provider before it was configured. Please report this to the provider's maintainers.",
    );
  }
  return call.configured.provider;
}

/** The definition of a type by its name; an unknown name ends the call. */
export function definitionOf<Definition>(
  definitions: Readonly<Record<string, Definition>>,
  typeName: string,
  context: Context,
): Definition {
  const definition = Object.hasOwn(definitions, typeName) ? definitions[typeName] : undefined;
  return (
    definition ??
    fail(
      context.diagnostics,
      "Type is not known to the provider",
      `The provider has no type ${JSON.stringify(typeName)}. It has ${Object.keys(definitions).join(", ") || "none"}.`,
    )
  );
}

/** A block that must be there: Terraform sends a configuration for everything that it validates or reads. */
export function requireBlock(value: ObjectValue | null, what: string, context: Context): ObjectValue {
  return (
    value ??
    fail(
      context.diagnostics,
      `Terraform has sent no ${what}`,
      "Please report this to the provider's maintainers, with the Terraform version.",
    )
  );
}
