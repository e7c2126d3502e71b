/** What stands for a value that terraform does not know before apply, in the words of its output. */
export const knownAfterApply = "(known after apply)";

/** What is to happen to an object. `replace` deletes first, `replace-keep` creates first. */
export type Action = "no-op" | "create" | "read" | "update" | "delete" | "replace" | "replace-keep" | "forget";

/** A change of one object as `terraform show -json` says it. */
export interface ResourceChange {
  readonly address: string;
  readonly deposed?: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before: Attributes | null;
    readonly after: Attributes | null;
    readonly after_unknown: unknown;
    readonly importing?: { readonly id?: string };
    readonly replace_paths?: readonly unknown[];
  };
}

export type Attributes = Readonly<Record<string, unknown>>;

/** The document of `terraform show -json PLAN`, as far as tests look into it. */
export interface PlanDocument {
  readonly resource_changes?: readonly ResourceChange[];
  readonly resource_drift?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[]; readonly after?: unknown }>>;
}

/** A saved plan. */
export class Plan {
  /** Path of the saved plan, for apply. */
  readonly file: string;
  readonly document: PlanDocument;
  /** What the user reads. */
  readonly text: string;

  constructor(fields: { readonly file: string; readonly document: PlanDocument; readonly text: string }) {
    this.file = fields.file;
    this.document = fields.document;
    this.text = fields.text;
  }

  /** Address to action, without what stays as it is. Empty for an empty plan. */
  get actions(): Readonly<Record<string, Action>> {
    const changes = (this.document.resource_changes ?? []).map((entry): [string, Action] => [
      entry.deposed === undefined ? entry.address : `${entry.address} (deposed)`,
      actionOf(entry.change.actions),
    ]);
    return Object.fromEntries(changes.filter(([, action]) => action !== "no-op"));
  }

  /** Addresses of objects that refresh has found changed outside of Terraform. */
  get drifted(): readonly string[] {
    return (this.document.resource_drift ?? []).map((entry) => entry.address);
  }

  /** Outputs that will change. */
  get changedOutputs(): readonly string[] {
    return Object.entries(this.document.output_changes ?? {})
      .filter(([, change]) => actionOf(change.actions) !== "no-op")
      .map(([name]) => name);
  }

  /** @throws when the plan says nothing of the address. */
  change(address: string): ResourceChange["change"] {
    const found = this.document.resource_changes?.find((entry) => entry.address === address);
    if (found === undefined) throw new Error(`The plan says nothing of ${address}:\n${this.text}`);
    return found.change;
  }

  /** The planned attributes; those that are not known are {@link knownAfterApply}. */
  after(address: string): Attributes {
    const { after, after_unknown: unknown } = this.change(address);
    const known: Record<string, unknown> = { ...after };
    for (const [name, value] of Object.entries((unknown ?? {}) as Attributes)) {
      if (value === true) known[name] = knownAfterApply;
    }
    return known;
  }

  /** The attributes before, as refresh has found them. */
  before(address: string): Attributes {
    return this.change(address).before ?? {};
  }
}

function actionOf(actions: readonly string[]): Action {
  const joined = actions.join(",");
  if (joined === "delete,create") return "replace";
  if (joined === "create,delete") return "replace-keep";
  return joined as Action;
}
