import { expect, test } from "vitest";
import { providerAddress, providerDocument } from "../../../tools/cdktf/provider-document.ts";
import { configuration, openAttached, openWorkspaceFor, patient } from "../../acceptance/stage.ts";
import { terraformProgram } from "../../support/terraform/index.ts";

test.skipIf(terraformProgram === undefined)(
  "the document that bindings are generated from is what terraform prints",
  patient,
  async () => {
    const workspace = await openWorkspaceFor(await openAttached());
    await workspace.write(configuration({}));
    const { stdout } = await workspace.must(["providers", "schema", "-json"]);
    const printed = JSON.parse(stdout) as { provider_schemas: Record<string, Record<string, unknown>> };
    const { functions, ...ofTypes } = printed.provider_schemas[providerAddress] ?? {};
    expect(functions).toBeDefined();
    expect({ ...printed, provider_schemas: { [providerAddress]: ofTypes } }).toEqual(providerDocument());
  },
);
