import type { ConfigDocument, ImageEntry, LimitKeys, RegistryEntry, RepositoryEntry } from "../config/document.ts";
import { goText } from "../config/go-yaml.ts";
import { quoted } from "../config/problem.ts";
import type { Entry, Reading } from "../config/reading.ts";
import type { Secret } from "../config/secret.ts";

/** A file of ours that grows while one of another program is read. */
export class ConfigBuilder {
  readonly reading: Reading;
  readonly #registries = new Map<string, RegistryEntry>();
  readonly #images: ImageEntry[] = [];
  readonly #repositories: RepositoryEntry[] = [];
  limits: LimitKeys | undefined;

  constructor(reading: Reading) {
    this.reading = reading;
  }

  /** Adds to what is known of a registry. @returns its entry */
  registry(node: unknown, address: string, keys: Omit<RegistryEntry, "address"> = {}): RegistryEntry {
    const entry = { ...this.#registries.get(address), address, ...keys };
    this.reading.remember(entry, "", this.reading.placeOf(node));
    this.#registries.set(address, entry);
    return entry;
  }

  /** Adds an image; a destination without a tag gets the source's. */
  image(node: unknown, entry: ImageEntry): ImageEntry {
    this.reading.remember(entry, "", this.reading.placeOf(node));
    this.#images.push(entry);
    return entry;
  }

  repository(node: unknown, entry: RepositoryEntry): RepositoryEntry {
    this.reading.remember(entry, "", this.reading.placeOf(node));
    this.#repositories.push(entry);
    return entry;
  }

  /** Says of a key that is there why nothing becomes of it. */
  lost(field: Entry | undefined, why: string, about?: object): void {
    if (field !== undefined) this.reading.note(field.keyNode, `${quoted(field.key)} has no counterpart: ${why}`, about);
  }

  /** Where the secret of a field shall be: the field's variable or file, or a variable that is to be set. */
  secret(field: Entry | undefined, address: string, found: Secret | undefined): Secret | undefined {
    const value = goText(field, this.reading);
    if (field === undefined || value === undefined || value === "") return undefined;
    if (found !== undefined) return found;
    const env = `${address}_${field.key}`
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, "_")
      .replace(/^_+|_+$/g, "");
    const name = /^[0-9]/.test(env) ? `REGISTRY_${env}` : env;
    this.reading.note(
      field.keyNode,
      `the secret in ${quoted(field.key)} stays where it is: put it into the variable ${name}`,
    );
    return { env: name };
  }

  /** What has been added. */
  document(): ConfigDocument {
    return {
      version: 1,
      ...(this.#registries.size === 0 ? {} : { registries: [...this.#registries.values()] }),
      ...(this.#images.length === 0 ? {} : { images: this.#images }),
      ...(this.#repositories.length === 0 ? {} : { repositories: this.#repositories }),
      ...(this.limits === undefined ? {} : { limits: this.limits }),
    };
  }
}
