/** One element of MessagePack. Arrays and maps announce how many elements, or pairs, follow. */
export type Token =
  | { readonly kind: "nil" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "binary"; readonly value: Uint8Array }
  | { readonly kind: "array"; readonly length: number }
  | { readonly kind: "map"; readonly length: number }
  | { readonly kind: "extension" };

/**
 * Reads MessagePack token by token. https://github.com/msgpack/msgpack/blob/master/spec.md
 * Every read is checked against the end of the bytes; an announced length that they cannot hold throws an Error.
 */
export class MsgpackReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  /** Reads the next token. The content of an extension is skipped. */
  next(): Token {
    const code = this.#view.getUint8(this.#advance(1));
    if (code <= 0x7f) return { kind: "integer", value: BigInt(code) };
    if (code <= 0x8f) return this.#container("map", code & 0x0f);
    if (code <= 0x9f) return this.#container("array", code & 0x0f);
    if (code <= 0xbf) return this.#string(code & 0x1f);
    if (code >= 0xe0) return { kind: "integer", value: BigInt(code - 0x100) };
    switch (code) {
      case 0xc0:
        return { kind: "nil" };
      case 0xc2:
      case 0xc3:
        return { kind: "boolean", value: code === 0xc3 };
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return { kind: "binary", value: this.#take(this.#unsigned(1 << (code - 0xc4))) };
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#unsigned(1 << (code - 0xc7)));
      case 0xca:
        return { kind: "float", value: this.#view.getFloat32(this.#advance(4)) };
      case 0xcb:
        return { kind: "float", value: this.#view.getFloat64(this.#advance(8)) };
      case 0xcc:
      case 0xcd:
      case 0xce:
        return { kind: "integer", value: BigInt(this.#unsigned(1 << (code - 0xcc))) };
      case 0xcf:
        return { kind: "integer", value: this.#view.getBigUint64(this.#advance(8)) };
      case 0xd0:
        return { kind: "integer", value: BigInt(this.#view.getInt8(this.#advance(1))) };
      case 0xd1:
        return { kind: "integer", value: BigInt(this.#view.getInt16(this.#advance(2))) };
      case 0xd2:
        return { kind: "integer", value: BigInt(this.#view.getInt32(this.#advance(4))) };
      case 0xd3:
        return { kind: "integer", value: this.#view.getBigInt64(this.#advance(8)) };
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (code - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#string(this.#unsigned(1 << (code - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#container("array", this.#unsigned(2 << (code - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#container("map", this.#unsigned(2 << (code - 0xde)));
      default:
        throw new Error(`Invalid MessagePack byte 0x${code.toString(16)}`);
    }
  }

  #container(kind: "array" | "map", length: number): Token {
    // Each element takes at least one byte, so a longer announcement is a lie that would cost memory.
    const least = kind === "map" ? 2 * length : length;
    if (least > this.#bytes.length - this.#position) throw new Error("MessagePack ends within a collection");
    return { kind, length };
  }

  #string(length: number): Token {
    const bytes = this.#take(length);
    try {
      return { kind: "string", value: this.#utf8.decode(bytes) };
    } catch (error) {
      throw new Error("String is not valid UTF-8", { cause: error });
    }
  }

  #extension(length: number): Token {
    this.#advance(1 + length);
    return { kind: "extension" };
  }

  #unsigned(size: number): number {
    const at = this.#advance(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Moves on by `length` bytes and returns where they start. */
  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#bytes.length - start) throw new Error("MessagePack ends too early");
    this.#position = start + length;
    return start;
  }
}
