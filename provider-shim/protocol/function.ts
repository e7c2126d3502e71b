import type { Context } from "./context.ts";
import type { CtyType } from "./cty-type.ts";
import type { Value } from "./value.ts";

/** A parameter of a provider function. */
export interface FunctionParameter {
  readonly name: string;
  readonly type: CtyType;
  /** Markdown. */
  readonly description: string;
  /** Whether null may be passed; otherwise Terraform refuses it. Default false. */
  readonly allowNull?: boolean;
  /** Whether the function is called with unknown arguments; otherwise its result is unknown then. Default false. */
  readonly allowUnknown?: boolean;
}

/** A function that configurations call as `provider::imagesync::name(…)`. It must be pure. */
export interface FunctionDefinition {
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  readonly parameters: readonly FunctionParameter[];
  /** Takes all further arguments. */
  readonly variadic?: FunctionParameter;
  readonly returns: CtyType;
  /** Gets one value per argument. Throws {@link FunctionArgumentError} to blame an argument. */
  call(values: readonly Value[], context: Context): Promise<Value> | Value;
}

/** A call with an argument that the function cannot accept. */
export class FunctionArgumentError extends Error {
  override readonly name = "FunctionArgumentError";
  /** Position of the argument, from 0. */
  readonly argument: number;

  constructor(argument: number, message: string) {
    super(message);
    this.argument = argument;
  }
}
