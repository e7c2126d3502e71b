import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { attributePath } from "../../../provider-shim/protocol/diagnostics.ts";
import { FunctionArgumentError } from "../../../provider-shim/protocol/function.ts";
import type { ProviderDefinition, ResourceDefinition } from "../../../provider-shim/protocol/resource.ts";
import { isUnknown, objectValue, UNKNOWN, type ObjectValue } from "../../../provider-shim/protocol/value.ts";

/** Where the toy keeps its things, one JSON file each. */
interface ToyStore {
  readonly directory: string;
}

/** What a test may hook into. */
export interface ToyHooks {
  /** Called at the start of every apply; the apply waits for it. */
  onApply?(signal: AbortSignal, name: string): Promise<void> | void;
  onPlan?(request: { plannedPrivate: Uint8Array | undefined; storePlannedPrivate: boolean }): void;
}

interface Stored {
  readonly value: string | null;
  readonly digest: string;
}

/** A provider whose things are files: small, but with every kind of attribute and block. */
export function toyProvider(hooks: ToyHooks = {}): ProviderDefinition<ToyStore> {
  return {
    schema: {
      version: 0,
      block: {
        description: "A toy.",
        attributes: { directory: { type: "string", required: true, description: "Where the things are." } },
      },
    },
    resources: { toy_thing: toyThing(hooks) },
    dataSources: {
      toy_thing: {
        schema: {
          version: 0,
          block: {
            description: "Reads a thing.",
            attributes: {
              name: { type: "string", required: true, description: "Its name." },
              digest: { type: "string", computed: true, description: "Its digest." },
            },
          },
        },
        validate: () => undefined,
        read: ({ config, provider }) => {
          const stored = load(provider, text(config, "name"));
          if (stored === undefined) return Promise.reject(new Error("There is no such thing"));
          return Promise.resolve(objectValue({ name: config["name"] ?? null, digest: stored.digest }));
        },
      },
    },
    functions: {
      shout: {
        summary: "Shouts",
        description: "Puts a text in capitals.",
        parameters: [{ name: "text", type: "string", description: "What to shout." }],
        returns: "string",
        call: ([value]) => {
          if (typeof value !== "string" || value === "") throw new FunctionArgumentError(0, "Nothing to shout");
          return value.toUpperCase();
        },
      },
    },
    validate: () => undefined,
    configure: (config) => Promise.resolve({ directory: text(config, "directory") }),
  };
}

function toyThing(hooks: ToyHooks): ResourceDefinition<ToyStore> {
  return {
    schema: {
      version: 1,
      block: {
        description: "A thing.",
        attributes: {
          name: { type: "string", required: true, description: "Its name." },
          value: { type: "string", optional: true, description: "Its value." },
          number: { type: "number", optional: true, description: "Any number." },
          tags: { type: ["map", "string"], optional: true, description: "Tags." },
          sizes: { type: ["set", "number"], optional: true, description: "Sizes." },
          id: { type: "string", computed: true, description: "Its id." },
          digest: { type: "string", computed: true, description: "Its digest." },
        },
        blocks: {
          rule: {
            nesting: "list",
            block: {
              description: "A rule.",
              attributes: { pattern: { type: "string", required: true, description: "A pattern." } },
            },
          },
          timeouts: {
            nesting: "single",
            block: {
              description: "Timeouts.",
              attributes: { create: { type: "string", optional: true, description: "For a create." } },
            },
          },
        },
      },
    },
    validate(config, { diagnostics }) {
      if (config["value"] === "bad") {
        diagnostics.error("Bad value", 'The value "bad" is not allowed. Choose another.', attributePath("value"));
      }
    },
    upgrade: ({ state }) => objectValue({ name: String((state as { title?: unknown }).title) }),
    read({ state, provider }) {
      const stored = load(provider, text(state, "name"));
      if (stored === undefined) return Promise.resolve({ state: null });
      return Promise.resolve({ state: objectValue({ ...state, value: stored.value, digest: stored.digest }) });
    },
    plan({ prior, proposed, plannedPrivate, storePlannedPrivate }) {
      hooks.onPlan?.({ plannedPrivate, storePlannedPrivate });
      if (proposed === null) return Promise.resolve({ planned: null });
      const renamed = prior !== null && prior["name"] !== proposed["name"];
      const changed = prior === null || renamed || prior["value"] !== proposed["value"];
      const id = prior === null || renamed ? proposed["name"] : prior["id"];
      const digest = changed ? (isUnknown(proposed["value"]) ? UNKNOWN : digestOf(proposed)) : prior["digest"];
      return Promise.resolve({
        planned: objectValue({ ...proposed, id: id ?? null, digest: digest ?? null }),
        requiresReplace: renamed ? [attributePath("name")] : [],
        private: Buffer.from("planned"),
      });
    },
    async apply({ prior, planned, provider }, { signal, diagnostics }) {
      const name = text(planned ?? prior ?? {}, "name");
      await hooks.onApply?.(signal, name);
      signal.throwIfAborted();
      if (planned === null) {
        rmSync(fileOf(provider, name), { force: true });
        return { state: null };
      }
      const value = planned["value"] ?? null;
      if (value === "explode") throw new Error("kaboom");
      if (value === "refuse") {
        diagnostics.error("Refused", "The store does not take this value.");
        return { state: null };
      }
      const stored: Stored = { value: typeof value === "string" ? value : null, digest: digestOf(planned) };
      mkdirSync(provider.directory, { recursive: true });
      writeFileSync(fileOf(provider, name), JSON.stringify(stored));
      return { state: objectValue({ ...planned, id: name, digest: stored.digest }) };
    },
    importState: ({ id }) => Promise.resolve({ state: objectValue({ name: id, id }) }),
  };
}

function digestOf(state: ObjectValue): string {
  return `digest of ${typeof state["value"] === "string" ? state["value"] : "nothing"}`;
}

function load(store: ToyStore, name: string): Stored | undefined {
  const file = fileOf(store, name);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Stored) : undefined;
}

function fileOf(store: ToyStore, name: string): string {
  return join(store.directory, `${name}.json`);
}

function text(value: ObjectValue, attribute: string): string {
  const found = value[attribute];
  if (typeof found !== "string") throw new Error(`"${attribute}" is no string`);
  return found;
}
