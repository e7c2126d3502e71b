import type { Configured } from "../configure.ts";
import type { ResourceDefinition } from "../protocol/resource.ts";
import { applyImagesync } from "./imagesync/apply.ts";
import { importImagesync } from "./imagesync/import.ts";
import { moveImagesync } from "./imagesync/move.ts";
import { planImagesync } from "./imagesync/plan.ts";
import { readImagesync } from "./imagesync/read.ts";
import { imagesyncSchema } from "./imagesync/schema.ts";
import { upgradeImagesync } from "./imagesync/upgrade.ts";
import { validateImagesync } from "./imagesync/validate.ts";

/** The resource `imagesync`: one image at one destination. */
export const imagesync: ResourceDefinition<Configured> = {
  schema: imagesyncSchema,
  validate: validateImagesync,
  upgrade: upgradeImagesync,
  move: moveImagesync,
  read: readImagesync,
  plan: planImagesync,
  apply: applyImagesync,
  importState: importImagesync,
};
