import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

import { messages, type Message, type MessageInit, type MessageName } from "./messages.ts";

/** Major version of Terraform's plugin protocol. Terraform 0.12 to 0.14 speak 5 only, later ones both. */
export type ProtocolVersion = 5 | 6;

type Shape = "single" | "present" | "repeated" | "map";
type Scalar = "int" | "bool" | "bytes" | "string";
interface Field {
  readonly name: string;
  readonly number: number;
  readonly shape: Shape;
  readonly type: Scalar | MessageName;
}

/** Encodes a message in protobuf's binary form. */
export function encodeMessage<Name extends MessageName>(
  protocol: ProtocolVersion,
  name: Name,
  message: MessageInit<Name>,
): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, protocol, name, message);
  return writer.finish();
}

/**
 * Decodes a message; unknown fields are skipped, as newer Terraform versions send more than older ones.
 * Throws an Error that names the message when the bytes are malformed.
 */
export function decodeMessage<Name extends MessageName>(
  protocol: ProtocolVersion,
  name: Name,
  bytes: Uint8Array,
): Message<Name> {
  try {
    // The table that types Message is the table that decoding follows.
    return readMessage(bytes, protocol, name) as Message<Name>;
  } catch (error) {
    throw new Error(`Malformed ${name} message: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

const fieldLists = new Map<string, readonly Field[]>();

function fieldsOf(protocol: ProtocolVersion, name: MessageName): readonly Field[] {
  const key = `${protocol} ${name}`;
  const known = fieldLists.get(key);
  if (known !== undefined) return known;
  const entries: [string, readonly [number, string]][] = Object.entries(messages[name]);
  const fields = entries.map(([field, [number, kind]]) => {
    const { shape, type } = parseKind(kind);
    return { name: field, number: numberIn(protocol, name, field, number), shape, type };
  });
  fieldLists.set(key, fields);
  return fields;
}

/** The one field whose number differs between the protocols. */
function numberIn(protocol: ProtocolVersion, message: MessageName, field: string, number: number): number {
  return protocol === 5 && message === "Attribute" && field === "write_only" ? 10 : number;
}

function parseKind(kind: string): { shape: Shape; type: Scalar | MessageName } {
  // The kinds are written as literals in the table, and the types derived from it would not compile otherwise.
  if (kind.endsWith("[]")) return { shape: "repeated", type: kind.slice(0, -2) as MessageName };
  if (kind.startsWith("{")) return { shape: "map", type: kind.slice(1, -1) as MessageName };
  if (kind.endsWith("?")) return { shape: "present", type: kind.slice(0, -1) as Scalar };
  return { shape: "single", type: kind as MessageName };
}

function writeMessage(writer: BinaryWriter, protocol: ProtocolVersion, name: MessageName, message: object): void {
  const values = message as Readonly<Record<string, unknown>>;
  for (const field of fieldsOf(protocol, name)) {
    const value = values[field.name];
    if (value === undefined) continue;
    if (field.shape === "repeated") {
      for (const element of value as readonly unknown[])
        writeField(writer, protocol, field.number, field.type, element);
    } else if (field.shape === "map") {
      for (const [key, element] of value as ReadonlyMap<string, unknown>) {
        writer.tag(field.number, WireType.LengthDelimited).fork();
        writeField(writer, protocol, 1, "string", key);
        writeField(writer, protocol, 2, field.type, element);
        writer.join();
      }
    } else if (field.shape === "present" || !isZero(value)) {
      writeField(writer, protocol, field.number, field.type, value);
    }
  }
}

/** Scalars of this value are not sent; a message without content is, since its presence says something. */
function isZero(value: unknown): boolean {
  return value === 0 || value === false || value === "" || (value instanceof Uint8Array && value.length === 0);
}

function writeField(
  writer: BinaryWriter,
  protocol: ProtocolVersion,
  number: number,
  type: Scalar | MessageName,
  value: unknown,
): void {
  switch (type) {
    case "int":
      writer.tag(number, WireType.Varint).int64(value as number);
      break;
    case "bool":
      writer.tag(number, WireType.Varint).bool(value as boolean);
      break;
    case "string":
      writer.tag(number, WireType.LengthDelimited).string(value as string);
      break;
    case "bytes":
      writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array);
      break;
    default:
      writer.tag(number, WireType.LengthDelimited).fork();
      writeMessage(writer, protocol, type, value as object);
      writer.join();
  }
}

function readMessage(bytes: Uint8Array, protocol: ProtocolVersion, name: MessageName): object {
  const fields = fieldsOf(protocol, name);
  const message: Record<string, unknown> = {};
  for (const field of fields) message[field.name] = initial(field);

  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = fields.find((candidate) => candidate.number === number);
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const expected = field.shape !== "map" && isVarint(field.type) ? WireType.Varint : WireType.LengthDelimited;
    if (wireType !== expected) throw new Error(`field "${field.name}" has wire type ${wireType}`);
    if (field.shape === "map") {
      const [key, value] = readMapEntry(reader.bytes(), protocol, field.type);
      (message[field.name] as Map<string, unknown>).set(key, value);
    } else {
      const value = readField(reader, protocol, field.type);
      if (field.shape === "repeated") (message[field.name] as unknown[]).push(value);
      else message[field.name] = value;
    }
  }
  return message;
}

function isVarint(type: Scalar | MessageName): boolean {
  return type === "int" || type === "bool";
}

function initial(field: Field): unknown {
  if (field.shape === "repeated") return [];
  if (field.shape === "map") return new Map();
  return field.shape === "present" ? undefined : zero(field.type);
}

function zero(type: Scalar | MessageName): unknown {
  if (type === "int") return 0;
  if (type === "bool") return false;
  if (type === "string") return "";
  return type === "bytes" ? new Uint8Array() : undefined;
}

function readField(reader: BinaryReader, protocol: ProtocolVersion, type: Scalar | MessageName): unknown {
  switch (type) {
    case "int": {
      const value = Number(reader.int64());
      if (!Number.isSafeInteger(value)) throw new Error("integer out of range");
      return value;
    }
    case "bool":
      return reader.bool();
    case "string":
      return reader.string(true);
    case "bytes":
      return reader.bytes();
    default:
      return readMessage(reader.bytes(), protocol, type);
  }
}

/** Reads as zero in every type: a varint 0, and equally a length 0. */
function emptyField(): BinaryReader {
  return new BinaryReader(new Uint8Array(1));
}

/** A map is a repeated message of key and value. https://protobuf.dev/programming-guides/encoding/#maps */
function readMapEntry(bytes: Uint8Array, protocol: ProtocolVersion, type: Scalar | MessageName): [string, unknown] {
  const reader = new BinaryReader(bytes);
  let key = "";
  let value: unknown = readField(emptyField(), protocol, type);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === 1 && wireType === WireType.LengthDelimited) key = reader.string(true);
    else if (number === 2 && wireType === (isVarint(type) ? WireType.Varint : WireType.LengthDelimited)) {
      value = readField(reader, protocol, type);
    } else reader.skip(wireType, number);
  }
  return [key, value];
}
