import { attributePath, type Diagnostics } from "./diagnostics.ts";
import type { Block } from "./schema.ts";
import type { ObjectValue } from "./value.ts";

/**
 * Reports values for attributes that only the provider can set. Terraform leaves this to providers: it would take such a
 * value and then blame the provider for an invalid plan. Nested blocks have no computed attributes here.
 */
export function refuseReadOnly(block: Block, config: ObjectValue, diagnostics: Diagnostics): void {
  for (const [name, attribute] of Object.entries(block.attributes)) {
    const value = config[name];
    if (attribute.optional === true || attribute.required === true || value === null || value === undefined) continue;
    diagnostics.error(
      "Attribute is read-only",
      `The provider decides the value of "${name}". Remove this line; other resources can refer to the attribute.`,
      attributePath(name),
    );
  }
}
