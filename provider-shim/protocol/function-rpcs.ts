import { fail, type Rpc } from "./call.ts";
import type { Context } from "./context.ts";
import { fromDynamicValue, toDynamicValue } from "./dynamic-value.ts";
import { FunctionArgumentError, type FunctionDefinition, type FunctionParameter } from "./function.ts";
import type { MessageInit } from "./messages.ts";

/** The calls about provider functions. */
export interface FunctionRpcs<P> {
  readonly GetFunctions: Rpc<"Empty", "GetFunctionsResponse", P>;
  readonly CallFunction: Rpc<"CallFunctionRequest", "CallFunctionResponse", P>;
}

/** Builds the calls about provider functions. OpenTofu asks for their list, Terraform takes it from the schema. */
export function functionRpcs<P>(): FunctionRpcs<P> {
  return {
    GetFunctions: {
      request: "Empty",
      response: "GetFunctionsResponse",
      action: "list the functions of the provider",
      handle: (_request, { definition }) => ({ functions: functionMessages(definition.functions) }),
    },

    CallFunction: {
      request: "CallFunctionRequest",
      response: "CallFunctionResponse",
      action: "call function",
      async handle(request, { definition, context }) {
        const called = functionOf(definition.functions, request.name, context);
        try {
          const values = request.arguments.map((argument, index) =>
            fromDynamicValue((called.parameters[index] ?? called.variadic)?.type ?? "dynamic", argument),
          );
          return { result: toDynamicValue(called.returns, await called.call(values, context)) };
        } catch (error) {
          if (!(error instanceof FunctionArgumentError)) throw error;
          // Terraform puts a period behind it.
          const text = context.log.redact(error.message).replace(/\.$/, "");
          return { error: { text, function_argument: error.argument } };
        }
      },
      // This answer has no diagnostics, only one text.
      failed: (_request, diagnostics) => ({
        error: { text: diagnostics.map(({ summary, detail }) => `${summary}: ${detail}`).join("\n") },
      }),
    },
  };
}

/** The declarations of functions as the protocol carries them. */
export function functionMessages(
  functions: Readonly<Record<string, FunctionDefinition>>,
): ReadonlyMap<string, MessageInit<"Function">> {
  return new Map(Object.entries(functions).map(([name, definition]) => [name, functionMessage(definition)]));
}

const markdown = 1;

function functionMessage(definition: FunctionDefinition): MessageInit<"Function"> {
  return {
    parameters: definition.parameters.map(parameterMessage),
    variadic_parameter: definition.variadic && parameterMessage(definition.variadic),
    return: { type: Buffer.from(JSON.stringify(definition.returns)) },
    summary: definition.summary,
    description: definition.description,
    description_kind: markdown,
  };
}

function parameterMessage(parameter: FunctionParameter): MessageInit<"Parameter"> {
  return {
    name: parameter.name,
    type: Buffer.from(JSON.stringify(parameter.type)),
    allow_null_value: parameter.allowNull,
    allow_unknown_values: parameter.allowUnknown,
    description: parameter.description,
    description_kind: markdown,
  };
}

function functionOf(
  functions: Readonly<Record<string, FunctionDefinition>>,
  name: string,
  context: Context,
): FunctionDefinition {
  const definition = Object.hasOwn(functions, name) ? functions[name] : undefined;
  return (
    definition ?? fail(context.diagnostics, "Function is not known to the provider", `There is no function "${name}"`)
  );
}
