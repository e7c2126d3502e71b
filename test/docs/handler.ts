import type { Block } from "./block.ts";

/** Executes blocks of the documents: those of one story together, in the order of the document. */
export interface Handler {
  /** A sentence about what is true when it passes. */
  readonly proves: string;
  /** The blocks it claims, by their names. */
  readonly blocks: readonly string[];
  /** Programs without which it is skipped. */
  readonly needs: readonly string[];
  /** @throws when a block does not do what the document says. */
  run(blocks: readonly Block[]): Promise<void>;
}

/** What a document shows and no test executes. */
export interface Exclusion {
  /** Name of the block. */
  readonly block: string;
  /** Which part of it; the rest is executed. The whole block when absent. */
  readonly part?: string;
  /** Why it is not executed, and what is done in its place. */
  readonly reason: string;
}
