import { expect, test } from "vitest";
import { objectValue } from "../../../../provider-shim/protocol/value.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { one, startRegistries } from "./registries.ts";

test("a source in an old state that is no reference does not keep its owner from correcting it", async () => {
  const { hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  const old = { ...kept, state: objectValue({ ...kept.state, source: "registry.example/-app-:1" }) };
  expect((await commands.refresh(old)).value.state).toMatchObject({ source: "registry.example/-app-:1" });
  const { value } = await commands.plan(old, wanted());
  expect(changes(value)).toEqual(["source"]);
  expect((await commands.apply(value)).value.state).toMatchObject({ source_digest: one.digest });
});
