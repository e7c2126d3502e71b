/**
 * Writes MessagePack into one growing buffer, integers and lengths in their shortest form as Terraform does.
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
export class MsgpackWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  nil(): void {
    this.#byte(0xc0);
  }

  /** cty's unknown value: extension type 0 with one zero byte. */
  unknown(): void {
    this.#byte(0xd4);
    this.#byte(0);
    this.#byte(0);
  }

  boolean(value: boolean): void {
    this.#byte(value ? 0xc3 : 0xc2);
  }

  /** An integer from -2^63 to 2^64 - 1. */
  integer(value: bigint): void {
    if (value >= 0n) {
      if (value < 0x80n) this.#byte(Number(value));
      else if (value < 0x1_0000_0000n) this.#sized(Number(value), [0xcc, 0xcd, 0xce]);
      else this.#put(0xcf, 8, (buffer, at) => buffer.writeBigUInt64BE(value, at));
    } else if (value >= -0x20n) this.#byte(Number(value) + 0x100);
    else if (value >= -0x80n) this.#put(0xd0, 1, (buffer, at) => buffer.writeInt8(Number(value), at));
    else if (value >= -0x8000n) this.#put(0xd1, 2, (buffer, at) => buffer.writeInt16BE(Number(value), at));
    else if (value >= -0x8000_0000n) this.#put(0xd2, 4, (buffer, at) => buffer.writeInt32BE(Number(value), at));
    else this.#put(0xd3, 8, (buffer, at) => buffer.writeBigInt64BE(value, at));
  }

  float(value: number): void {
    this.#put(0xcb, 8, (buffer, at) => buffer.writeDoubleBE(value, at));
  }

  string(value: string): void {
    const bytes = Buffer.from(value);
    if (bytes.length < 0x20) this.#byte(0xa0 | bytes.length);
    else this.#sized(bytes.length, [0xd9, 0xda, 0xdb]);
    this.#raw(bytes);
  }

  binary(bytes: Uint8Array): void {
    this.#sized(bytes.length, [0xc4, 0xc5, 0xc6]);
    this.#raw(bytes);
  }

  /** Announces an array of `length` elements. */
  array(length: number): void {
    if (length < 0x10) this.#byte(0x90 | length);
    else this.#sized(length, [undefined, 0xdc, 0xdd]);
  }

  /** Announces a map of `length` pairs. */
  map(length: number): void {
    if (length < 0x10) this.#byte(0x80 | length);
    else this.#sized(length, [undefined, 0xde, 0xdf]);
  }

  /** A number after the code for its size: of one, two or four bytes. */
  #sized(value: number, codes: readonly [number | undefined, number, number]): void {
    const [one, two, four] = codes;
    if (value < 0x100 && one !== undefined) this.#put(one, 1, (buffer, at) => buffer.writeUInt8(value, at));
    else if (value < 0x1_0000) this.#put(two, 2, (buffer, at) => buffer.writeUInt16BE(value, at));
    else this.#put(four, 4, (buffer, at) => buffer.writeUInt32BE(value, at));
  }

  #byte(value: number): void {
    this.#grow(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  #raw(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #put(code: number, size: number, write: (buffer: Buffer, at: number) => void): void {
    this.#byte(code);
    this.#grow(size);
    write(this.#buffer, this.#length);
    this.#length += size;
  }

  #grow(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + size));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
