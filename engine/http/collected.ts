/** So many pieces are kept as they came: other than small ones these are as many as any answer has. */
const keptPieces = 64;

/** Pieces are joined in blocks of this size, in bytes. */
const blockBytes = 16 * 1024;

/**
 * A body that is read whole, piece by piece. Each piece that is kept costs a hundred bytes and more beside its content,
 * and a server may send a large answer byte by byte: small ones beyond the first few are joined.
 */
export class Collected {
  readonly #pieces: Buffer[] = [];
  /** The last piece is the beginning of this one, and grows. */
  #block: Buffer | undefined;
  #filled = 0;

  add(piece: Buffer): void {
    if (this.#pieces.length < keptPieces || piece.byteLength >= blockBytes) {
      this.#pieces.push(piece);
      this.#block = undefined;
      return;
    }
    let block = this.#block;
    if (block === undefined || this.#filled + piece.byteLength > blockBytes) {
      block = Buffer.allocUnsafe(blockBytes);
      this.#block = block;
      this.#filled = 0;
      this.#pieces.push(block);
    }
    this.#filled += piece.copy(block, this.#filled);
    this.#pieces[this.#pieces.length - 1] = block.subarray(0, this.#filled);
  }

  /** What was added, in its order. */
  get pieces(): readonly Buffer[] {
    return this.#pieces;
  }
}
