import { expect, test } from "vitest";
import { startCommands } from "./commands.ts";
import { heldBy, lived, versions, wholeTags } from "./history.ts";
import { startRegistries } from "./registries.ts";

const [first, second, third] = versions;

test("earlier digests that a refresh could not ask for are asked for by the next one", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  registries.destination.intercept = ({ kind }) => (kind === "tags" ? { respond: { status: 403 } } : undefined);
  const once = await commands.refresh({ state: kept.state, private: new Uint8Array() });
  registries.destination.intercept = undefined;
  await commands.destroy((await commands.refresh(once.value)).value);
  expect(await wholeTags(registries.destination)).toEqual([]);
});

test("an earlier digest whose tag holds nothing hides no other", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second, third], { keep_previous: 2 });
  registries.destination.intercept = ({ kind, reference }) =>
    kind === "manifest" && reference === heldBy(first) ? { respond: { status: 404 } } : undefined;
  const once = await commands.refresh({ state: kept.state, private: new Uint8Array() });
  await commands.destroy(once.value);
  registries.destination.intercept = undefined;
  expect(await wholeTags(registries.destination)).not.toContain(heldBy(second));
});
