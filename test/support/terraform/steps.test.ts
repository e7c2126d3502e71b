import { describe, expect, onTestFinished, test } from "vitest";
import { attachedProvider, type Life, live, openWorkspace, terraformProgram, type Workspace } from "./index.ts";
import { type NoteFaults, noteProvider } from "./note-provider.ts";

const header = `terraform {
  required_providers {
    imagesync = { source = "imagesync/imagesync" }
  }
}
`;

function note(text: string): string {
  return `${header}
resource "imagesync_note" "x" {
  text = ${JSON.stringify(text)}
}
`;
}

async function open(
  faults: NoteFaults = {},
  protocol: 5 | 6 = 6,
): Promise<{ workspace: Workspace; notes: Map<string, string> }> {
  const notes = new Map<string, string>();
  const provider = await attachedProvider(noteProvider(notes, faults), { protocol });
  onTestFinished(() => provider.close());
  const workspace = await openWorkspace(provider);
  onTestFinished(() => workspace.close());
  return { workspace, notes };
}

function lifeOf(notes: Map<string, string>): Life {
  return {
    steps: [
      {
        apply: note("one"),
        plan: (plan) => expect(plan.actions).toEqual({ "imagesync_note.x": "create" }),
        state: (state) => expect(state.attributes("imagesync_note.x")).toMatchObject({ id: "note-1", text: "one" }),
      },
      { apply: note("two"), plan: (plan) => expect(plan.actions).toEqual({ "imagesync_note.x": "update" }) },
      { import: "imagesync_note.x", id: "note-1", form: "command" },
      { import: "imagesync_note.x", id: "note-1", form: "block" },
      {
        happens: async () => void notes.delete("note-1"),
        plan: (plan) => expect(plan.actions).toEqual({ "imagesync_note.x": "create" }),
      },
      { apply: note("three") },
      { refuse: note(""), because: /Invalid note.*The text is empty/ },
      { refuse: note("refused"), because: /The pencil is broken/, at: "apply" },
    ],
    checkDestroy: async () => expect([...notes]).toEqual([]),
  };
}

describe.skipIf(terraformProgram === undefined)(
  "the machine that leads a configuration through its life",
  { timeout: 300_000 },
  () => {
    test.each([5, 6] as const)("sees a good provider through all steps, protocol %i", async (protocol) => {
      const { workspace, notes } = await open({}, protocol);
      await expect(live(workspace, lifeOf(notes))).resolves.toBeUndefined();
    });

    test.each<[string, NoteFaults, RegExp]>([
      ["a refresh that finds something else", { readsOtherText: true }, /Step 1.*with refresh after the apply/s],
      ["an import that misses an attribute", { importsHalf: true }, /Step 3.*differs from the created one/s],
      ["an object that survives its destruction", { staysAfterDestroy: true }, /note-1/],
    ])("finds %s", async (_what, faults, message) => {
      const { workspace, notes } = await open(faults);
      await expect(live(workspace, lifeOf(notes))).rejects.toThrow(message);
    });

    test("finds an error that did not happen, and one with another text", async () => {
      const { workspace } = await open();
      const steps = (because: RegExp, text: string): Life => ({
        steps: [{ refuse: note(text), because }],
        checkDestroy: () => Promise.resolve(),
      });
      await expect(live(workspace, steps(/./, "fine"))).rejects.toThrow(/plan .* ended with 0/);
      await expect(live(workspace, steps(/too long/, ""))).rejects.toThrow(/too long.*is not in/);
    });

    test("findings carry the line of the configuration they point at", async () => {
      const { workspace } = await open();
      await workspace.write(note(""));
      const findings = [await workspace.validate(), await workspace.planFindings()];
      for (const found of findings) {
        expect(found).toEqual([
          expect.objectContaining({
            severity: "error",
            summary: "Invalid note",
            detail: expect.stringContaining("for example"),
            line: 'text = ""',
          }),
        ]);
      }
    });

    test("a command sees no Terraform settings of the machine", async () => {
      process.env["TF_VAR_text"] = "inherited";
      onTestFinished(() => void delete process.env["TF_VAR_text"]);
      const { workspace } = await open();
      await workspace.write(`variable "text" {\n  default = "own"\n}\noutput "text" {\n  value = var.text\n}\n`);
      await workspace.apply();
      expect((await workspace.state()).output("text")).toBe("own");
    });
  },
);
