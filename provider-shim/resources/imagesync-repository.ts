import { ImagesyncError } from "../../engine/index.ts";
import type { Configured } from "../configure.ts";
import type { ResourceDefinition } from "../protocol/resource.ts";
import { applyRepository } from "./imagesync-repository/apply.ts";
import { importRepository } from "./imagesync-repository/import.ts";
import { planRepository } from "./imagesync-repository/plan.ts";
import { readRepository } from "./imagesync-repository/read.ts";
import { repositorySchema } from "./imagesync-repository/schema.ts";
import { validateRepository } from "./imagesync-repository/validate.ts";

/** The resource `imagesync_repository`: many tags of a repository, at another one. */
export const imagesyncRepository: ResourceDefinition<Configured> = {
  schema: repositorySchema,
  validate: validateRepository,
  // There is no other version yet, and states of newer ones Terraform does not hand over.
  upgrade({ version }) {
    throw new ImagesyncError({
      code: "config",
      operation: "upgrade the state",
      message: `Cannot upgrade the state: schema version ${version} is not known`,
      hint: "Remove the resource from the state and import it again by its destination",
    });
  },
  read: readRepository,
  plan: planRepository,
  apply: applyRepository,
  importState: importRepository,
};
