import { expect, test } from "vitest";
import type { RunningRegistry } from "../../../../embedded-registry/index.ts";
import { buildReferrer } from "../../../support/images/companions.ts";
import { push } from "../../../support/images/index.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { one, startRegistries } from "./registries.ts";

const signature = buildReferrer(one, "signature");

/** What was asked, by method and kind. */
function asked(registry: RunningRegistry): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, kind } of registry.requests) {
    const name = `${method} ${kind}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

test("an image to which nothing belongs costs the source a list for each manifest and one of tags more, and the destination nothing", async () => {
  const registries = await startRegistries();
  const { source, destination, hosts, wanted } = registries;
  const costs = [];
  for (const referrers of [false, true]) {
    const commands = startCommands(hosts);
    const { value } = await commands.plan(nothing, wanted(`app${referrers}:1`, { referrers }));
    source.resetCounts();
    destination.resetCounts();
    await commands.apply(value);
    costs.push({ source: asked(source), destination: asked(destination) });
  }
  const [without, found] = costs;
  expect(found?.source).toEqual({ ...without?.source, "GET referrers": 2, "GET tags": 1 });
  expect(found?.destination).toEqual(without?.destination);
});

test("a refresh and a plan of an image in place look for nothing that belongs to it", async () => {
  const { source, destination, hosts, wanted } = await startRegistries();
  await push(signature, { host: source.host, repository: "app", tag: signature.digest });
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  source.resetCounts();
  destination.resetCounts();
  expect(changes((await commands.plan(kept, wanted())).value)).toEqual([]);
  expect(asked(source)).toEqual({ "HEAD manifest": 1 });
  expect(asked(destination)).not.toHaveProperty("GET referrers");
});

test("what is attached later comes when a value of triggers changes, and nothing else is sent again", async () => {
  const { source, destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  await push(signature, { host: source.host, repository: "app", tag: signature.digest });
  const triggered = wanted("app:1", { triggers: new Map([["signed", "today"]]) });
  destination.resetCounts();
  await commands.put(kept, triggered);
  const put = destination.requests.filter(({ method, kind }) => method === "PUT" && kind === "manifest");
  expect(put.map(({ path }) => path)).toEqual([`/v2/app/manifests/${signature.digest}`]);
});

test("a registry that takes the image and not what belongs to it: the error says how to do without", async () => {
  const { source, destination, hosts, wanted } = await startRegistries();
  await push(signature, { host: source.host, repository: "app", tag: signature.digest });
  destination.intercept = ({ method, reference }) =>
    method === "PUT" && reference === signature.digest
      ? { respond: { status: 400, body: `{"errors":[{"code":"MANIFEST_INVALID","message":"unknown config type"}]}` } }
      : undefined;
  const commands = startCommands(hosts);
  const { value } = await commands.plan(nothing, wanted());
  await expect(commands.apply(value)).rejects.toMatchObject({
    code: "manifest-invalid",
    hint: expect.stringContaining("referrers = false") as string,
  });
  const put = await commands.put(nothing, wanted("app:1", { referrers: false }));
  expect(put.state).toMatchObject({ destination_digest: one.digest });
});
