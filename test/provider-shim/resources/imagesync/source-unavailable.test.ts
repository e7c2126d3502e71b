import { expect, test } from "vitest";
import { objectValue, type ObjectValue } from "../../../../provider-shim/protocol/value.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { one, silence, startRegistries } from "./registries.ts";

const password = "correct-horse-battery";

function timeouts(read: string): ObjectValue {
  return objectValue({ create: null, read, update: null, delete: null });
}

const refusal = {
  respond: { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED", message: `not with ${password}` }] }) },
};

test("a replacement is not planned while the source cannot be asked, as it would begin by removing the mirror", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted("app:1"));
  source.intercept = () => refusal;
  const { findings } = await commands.plan(kept, wanted("app:2"));
  expect(findings).toContainEqual(expect.objectContaining({ severity: "error", summary: "Source unavailable" }));
  source.intercept = undefined;
  expect((await commands.plan(kept, wanted("app:2"))).value.replaces).toBe(true);
});

test("nor while a pinned image is gone at the source, where no other plan asks for it", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const pin = { source_digest: one.digest };
  const kept = await commands.put(nothing, wanted("app:1", pin));
  source.intercept = () => ({ respond: { status: 404 } });
  expect((await commands.plan(kept, wanted("app:1", pin))).findings).toEqual([]);
  const { findings } = await commands.plan(kept, wanted("app:2", pin));
  expect(findings).toMatchObject([{ severity: "error" }]);
  source.intercept = undefined;
  expect((await commands.plan(kept, wanted("app:2", pin))).value.replaces).toBe(true);
});

test("a source that cannot be asked changes nothing where nothing is replaced", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  source.intercept = () => refusal;
  const { value, findings } = await commands.plan(kept, wanted());
  expect(changes(value)).toEqual([]);
  expect(findings.map(({ severity }) => severity)).toEqual(["warning"]);
});

test("a source that does not answer until the deadline leaves the mirror as it is", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const resource = wanted("app:1", { timeouts: timeouts("2s") });
  const kept = await commands.put(nothing, resource);
  silence(source);
  const { value, findings } = await commands.plan(kept, resource);
  expect(changes(value)).toEqual([]);
  expect(findings).toMatchObject([{ severity: "warning", summary: "Source unavailable, mirror kept" }]);
});

test("a stop while the source does not answer is a stop", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const stop = new AbortController();
  const commands = startCommands(hosts, [], stop.signal);
  const kept = await commands.put(nothing, wanted());
  silence(source, () => stop.abort());
  await expect(commands.refresh(kept)).rejects.toMatchObject({ code: "aborted" });
});

test("a registry that repeats the password brings it into no state", async () => {
  const { source, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts, [objectValue({ address: source.host, username: "me", password })]);
  const kept = await commands.put(nothing, wanted());
  source.intercept = () => refusal;
  const memory = new TextDecoder().decode((await commands.refresh(kept)).value.private);
  expect(memory).toContain("answered 403");
  expect(memory).not.toContain(password);
});
