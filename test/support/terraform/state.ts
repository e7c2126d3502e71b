import type { Attributes } from "./plan.ts";

interface ModuleDocument {
  readonly resources?: readonly {
    readonly address: string;
    readonly tainted?: boolean;
    readonly values: Attributes;
  }[];
  readonly child_modules?: readonly ModuleDocument[];
}

/** The document of `terraform show -json`, as far as tests look into it. */
export interface StateDocument {
  readonly values?: {
    readonly root_module?: ModuleDocument;
    readonly outputs?: Readonly<Record<string, { readonly value?: unknown }>>;
  };
}

/** What terraform remembers. */
export class State {
  readonly document: StateDocument;

  constructor(document: StateDocument) {
    this.document = document;
  }

  /** Every resource, data sources included; empty after destroy. */
  get addresses(): readonly string[] {
    return this.#resources.map((resource) => resource.address);
  }

  /** Addresses of objects whose creation has failed half-way. */
  get tainted(): readonly string[] {
    return this.#resources.filter((resource) => resource.tainted === true).map((resource) => resource.address);
  }

  has(address: string): boolean {
    return this.addresses.includes(address);
  }

  /** @throws when there is no such object. */
  attributes(address: string): Attributes {
    const found = this.#resources.find((resource) => resource.address === address);
    if (found === undefined)
      throw new Error(`The state has no ${address}, only ${this.addresses.join(", ") || "nothing"}`);
    return found.values;
  }

  output(name: string): unknown {
    return this.document.values?.outputs?.[name]?.value;
  }

  get #resources(): NonNullable<ModuleDocument["resources"]> {
    const all = (module: ModuleDocument): NonNullable<ModuleDocument["resources"]> => [
      ...(module.resources ?? []),
      ...(module.child_modules ?? []).flatMap(all),
    ];
    return all(this.document.values?.root_module ?? {});
  }
}
