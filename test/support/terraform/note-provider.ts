import { attributePath } from "../../../provider-shim/protocol/diagnostics.ts";
import type { ProviderDefinition, ResourceDefinition } from "../../../provider-shim/protocol/resource.ts";
import type { Schema } from "../../../provider-shim/protocol/schema.ts";
import { objectValue, UNKNOWN, type Value } from "../../../provider-shim/protocol/value.ts";

/** Faults that the machine has to find. */
export interface NoteFaults {
  /** Refresh finds another text than was written. */
  readonly readsOtherText?: boolean;
  /** The import misses the mood. */
  readonly importsHalf?: boolean;
  /** Destroy leaves the note where it is. */
  readonly staysAfterDestroy?: boolean;
}

const schema: Schema = {
  version: 0,
  block: {
    description: "A note.",
    attributes: {
      id: { type: "string", description: "Its number.", computed: true },
      text: { type: "string", description: "What it says.", required: true },
      mood: { type: "string", description: "Cannot be read back from anywhere.", computed: true },
    },
  },
};

/**
 * A toy provider that keeps notes in a map: with it the machine is tested without the provider that the machine tests.
 * Its type is called `imagesync_note`, because terraform takes the provider's name from the type's.
 */
export function noteProvider(notes: Map<string, string>, faults: NoteFaults = {}): ProviderDefinition<object> {
  const note: ResourceDefinition<object> = {
    schema,
    validate(config, { diagnostics }) {
      if (config["text"] === "") {
        diagnostics.error(
          "Invalid note",
          'The text is empty. Write at least a letter, for example "a".',
          attributePath("text"),
        );
      }
    },
    upgrade: () => {
      throw new Error("There is one version only");
    },
    read({ state }) {
      const text = notes.get(textOf(state["id"]));
      if (text === undefined) return Promise.resolve({ state: null });
      return Promise.resolve({
        state: objectValue({ ...state, text: faults.readsOtherText === true ? `${text}!` : text }),
      });
    },
    plan: ({ prior, proposed }) =>
      Promise.resolve({
        planned: proposed === null ? null : objectValue({ ...proposed, id: prior?.["id"] ?? UNKNOWN, mood: "good" }),
      }),
    apply({ prior, planned }) {
      const id = prior === null ? `note-${notes.size + 1}` : textOf(prior["id"]);
      if (planned === null) {
        if (faults.staysAfterDestroy !== true) notes.delete(id);
        return Promise.resolve({ state: null });
      }
      if (planned["text"] === "refused") throw new Error("The pencil is broken");
      notes.set(id, textOf(planned["text"]));
      return Promise.resolve({ state: objectValue({ ...planned, id }) });
    },
    importState: ({ id }) =>
      Promise.resolve({
        state: objectValue({ id, text: null, mood: faults.importsHalf === true ? null : "good" }),
      }),
  };
  return {
    schema: { version: 0, block: { description: "Notes.", attributes: {} } },
    resources: { imagesync_note: note },
    dataSources: {},
    functions: {},
    validate: () => undefined,
    configure: () => Promise.resolve({}),
  };
}

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
