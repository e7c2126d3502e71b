import { at, type Layout, missing, type Options } from "./layout.ts";

/** The tags of a layout: the names in its index. */
export class LayoutTags {
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** Every tag, each once, in the order of the index. @throws `not-found` when there is no layout. */
  async list(options: Options & { readonly complete?: boolean } = {}): Promise<string[]> {
    return await at(this.#layout, undefined, async () => {
      const index = await this.#layout.storage.readIndex(options);
      if (index === undefined) throw missing(this.#layout, "list tags", "", "Check the path");
      return index.tags();
    });
  }

  /** A layout keeps no such list. */
  inventory(_options: Options = {}): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
