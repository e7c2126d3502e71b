/**
 * The part of ASN.1's distinguished encoding rules that a certificate is written with: tag, length, content.
 * https://www.itu.int/rec/T-REC-X.690
 */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length: number[] = [];
  if (body.length < 0x80) length.push(body.length);
  else {
    for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
    length.unshift(0x80 | length.length);
  }
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, ...parts);
}

/** An object identifier given by its arcs: `oid(2, 5, 29, 17)`. */
export function oid(first: number, second: number, ...arcs: readonly number[]): Buffer {
  const bytes: number[] = [40 * first + second];
  for (const arc of arcs) {
    const groups = [arc & 0x7f];
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) groups.unshift(0x80 | (rest & 0x7f));
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** An integer from its magnitude, which must not be empty and is taken as positive. */
export function positiveInteger(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const minimal = magnitude.subarray(start);
  const signed = (minimal[0] ?? 0) >= 0x80;
  return der(0x02, signed ? Buffer.concat([Buffer.alloc(1), minimal]) : minimal);
}

/** A string of whole bytes as a bit string. */
export function bitString(bytes: Uint8Array): Buffer {
  return der(0x03, Buffer.alloc(1), bytes);
}

/** A time: two digits for the year until 2049, four after that. https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5 */
export function time(date: Date): Buffer {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/\D/g, "")}Z`;
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}
