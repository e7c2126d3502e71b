import { describe, expect, test } from "vitest";
import type { CtyType } from "../../provider-shim/protocol/cty-type.ts";
import { type BlockDocument, providerAddress, providerDocument as ours } from "../../tools/cdktf/provider-document.ts";
import { argumentsMarkdown, signatureMarkdown } from "../../tools/docs/function-markdown.ts";
import { schemaMarkdown } from "../../tools/docs/schema-markdown.ts";
import { generatedPages } from "../docs/declared.ts";
import { terraformProgram } from "../support/terraform/index.ts";
import { type ProviderDocument, providerDocument } from "./schema-attributes.ts";
import { configuration, openAttached, openWorkspaceFor, patient } from "./stage.ts";

async function theirs(): Promise<ProviderDocument> {
  const workspace = await openWorkspaceFor(await openAttached());
  await workspace.write(configuration({}));
  return await providerDocument(workspace);
}

describe.skipIf(terraformProgram === undefined)("what terraform says of the provider", patient, () => {
  test("is the document that pages and bindings are made of", async () => {
    const document = await theirs();
    const declared = ours().provider_schemas[providerAddress];
    expect(document.provider).toEqual(declared?.provider);
    expect(document.resource_schemas).toEqual(declared?.resource_schemas);
    expect(document.data_source_schemas).toEqual(declared?.data_source_schemas);
  });

  test("is what the pages of the Registry show, word for word", async () => {
    const document = await theirs();
    const page = (folder: string, name: string): string =>
      generatedPages.get(`docs/${folder}/${name.replace(/^imagesync_/, "")}.md`) ?? "";
    const schemas = [
      { page: generatedPages.get("docs/index.md") ?? "", schema: document.provider },
      ...Object.entries(document.resource_schemas).map(([name, schema]) => ({ page: page("resources", name), schema })),
      ...Object.entries(document.data_source_schemas).map(([name, schema]) => ({
        page: page("data-sources", name),
        schema,
      })),
    ];
    expect(schemas).toHaveLength(5);
    for (const { page, schema } of schemas) expect(page).toContain(schemaMarkdown(schema.block as BlockDocument));
    for (const [name, { parameters = [], return_type, description = "" }] of Object.entries(document.functions)) {
      const taken = parameters.map((each) => ({
        ...each,
        type: each.type as CtyType,
        description: each.description ?? "",
      }));
      expect(page("functions", name)).toContain(description);
      expect(page("functions", name)).toContain(
        signatureMarkdown(name, { parameters: taken, returns: return_type as CtyType }),
      );
      expect(page("functions", name)).toContain(argumentsMarkdown({ parameters: taken }));
    }
  });
});
