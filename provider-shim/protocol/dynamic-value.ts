import type { CtyType } from "./cty-type.ts";
import type { Message, MessageInit } from "./messages.ts";
import { completeBlock, schemaType, type Schema } from "./schema.ts";
import { decodeValue } from "./value-decode.ts";
import { encodeValue } from "./value-encode.ts";
import { parseJson, valueFromJson } from "./value-json.ts";
import { isUnknown, type ObjectValue, type Value } from "./value.ts";

/** Decodes a value from the form the sender chose, MessagePack or JSON. An absent value is null. */
export function fromDynamicValue(type: CtyType, message: Message<"DynamicValue"> | undefined): Value {
  if (message === undefined) return null;
  if (message.msgpack.length > 0) return decodeValue(type, message.msgpack);
  return message.json.length > 0 ? valueFromJson(type, parseJson(message.json)) : null;
}

/** Decodes a block's value; null stands for an object that does not exist. */
export function blockFromDynamicValue(
  schema: Schema,
  message: Message<"DynamicValue"> | undefined,
): ObjectValue | null {
  const value = fromDynamicValue(schemaType(schema.block), message);
  if (value === null) return null;
  if (isUnknown(value)) throw new Error("The whole object is unknown");
  // The type was that of an object.
  return value as ObjectValue;
}

/** Encodes a value of the type. */
export function toDynamicValue(type: CtyType, value: Value): MessageInit<"DynamicValue"> {
  return { msgpack: encodeValue(type, value) };
}

/** Encodes a block's value; null is sent as such, since an absent answer would mean the same to Terraform. */
export function blockToDynamicValue(schema: Schema, value: ObjectValue | null): MessageInit<"DynamicValue"> {
  return toDynamicValue(schemaType(schema.block), value === null ? null : completeBlock(schema.block, value));
}
