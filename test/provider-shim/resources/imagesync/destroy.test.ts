import { expect, test } from "vitest";
import { buildImage, push } from "../../../support/images/index.ts";
import { objectValue } from "../../../../provider-shim/protocol/value.ts";
import { startCommands } from "./commands.ts";
import { expectPullable, heldBy, lived, versions, wholeTags } from "./history.ts";
import { startRegistries } from "./registries.ts";

const [first, second] = versions;
const policies = ["delete", "untag", "retain"] as const;

test.each(policies)("deletion_policy = %s removes what it says and is silent about it", async (policy) => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second], { deletion_policy: policy });
  registries.destination.resetCounts();
  const { findings } = await commands.destroy(kept);
  expect(findings).toEqual([]);
  const tags = policy === "retain" ? ["1", heldBy(first)].toSorted() : [];
  expect(await wholeTags(registries.destination)).toEqual(tags);
  const there = policy !== "delete";
  await expectPullable(
    registries.destination,
    new Map([
      [first, there],
      [second, there],
    ]),
  );
  const writes = registries.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET");
  expect(writes.length > 0).toBe(policy !== "retain");
});

test.each(policies)(
  "the provider block's %s counts for who says nothing, also when it came after the apply",
  async (policy) => {
    const registries = await startRegistries();
    const kept = await lived(registries, startCommands(registries.hosts), [first]);
    await startCommands(registries.hosts, [], undefined, { deletion_policy: policy }).destroy(kept);
    expect(await wholeTags(registries.destination)).toEqual(policy === "retain" ? ["1"] : []);
    await expectPullable(registries.destination, new Map([[first, policy !== "delete"]]));
  },
);

test("a resource's own policy goes before the provider block's", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts, [], undefined, { deletion_policy: "retain" });
  await commands.destroy(await lived(registries, commands, [first], { deletion_policy: "delete" }));
  await expectPullable(registries.destination, new Map([[first, false]]));
});

test("an image that another tag holds stays, and the warning names that tag", async () => {
  const registries = await startRegistries();
  const { destination } = registries;
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  await push(first, { host: destination.host, repository: "app", tag: "stable" });
  const { findings } = await commands.destroy(kept);
  expect(findings).toMatchObject([{ severity: "warning", summary: "Content kept" }]);
  const detail = findings[0]?.detail ?? "";
  expect(detail.split("\n")).toEqual([
    `${destination.host}/app:1 is removed. Of its content something stays:`,
    `- kept ${first.digest}: tag stable`,
  ]);
  expect(await wholeTags(destination)).toEqual(["stable"]);
});

test("layers that another image shares stay, which is no news", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const shared = { seed: "base", size: 900 };
  const sibling = buildImage({ seed: "sibling", layers: [shared, 100] });
  await push(sibling, { host: registries.destination.host, repository: "app", tag: "sibling" });
  const kept = await lived(registries, commands, [buildImage({ seed: "mine", layers: [shared, 200] })]);
  expect((await commands.destroy(kept)).findings).toEqual([]);
  expect(await wholeTags(registries.destination)).toEqual(["sibling"]);
});

test("a tag that somebody else has moved stays, and the warning names both digests", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  await push(second, { host: registries.destination.host, repository: "app", tag: "1" });
  const { findings } = await commands.destroy(kept);
  expect(findings).toMatchObject([{ severity: "warning", summary: "Tag kept" }]);
  expect(findings[0]?.detail).toMatch(new RegExp(`is not removed.*${second.digest}.*${first.digest}`, "s"));
  expect(await wholeTags(registries.destination)).toEqual(["1"]);
  await expectPullable(registries.destination, new Map([[second, true]]));
});

test("an earlier digest of keep_digests keeps its tag", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  await commands.destroy(await lived(registries, commands, [first, second], { keep_digests: [first.digest] }));
  expect(await wholeTags(registries.destination)).toEqual([heldBy(first)]);
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, false],
    ]),
  );
});

test("where the tags cannot be listed the tag goes, the content stays, and the warning says how to collect it", async () => {
  const registries = await startRegistries();
  const { destination } = registries;
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  destination.intercept = ({ kind }) =>
    kind === "tags"
      ? { respond: { status: 403, body: `{"errors":[{"code":"DENIED","message":"not today"}]}` } }
      : undefined;
  const { findings } = await commands.destroy(kept);
  expect(findings).toMatchObject([{ severity: "warning", summary: "Content kept" }]);
  expect(findings[0]?.detail).toMatch(/not today/);
  expect(findings[0]?.detail).toContain(`imagesync gc --digest ${first.digest} ${destination.host}/app`);
  destination.intercept = undefined;
  expect(await wholeTags(destination)).toEqual([]);
  await expectPullable(destination, new Map([[first, true]]));
});

test("a state that says nothing of its policies, as an import leaves it, is destroyed by the defaults", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  const bare = objectValue({ ...kept.state, keep_previous: null });
  await commands.destroy({ state: bare, private: new Uint8Array() });
  await expectPullable(registries.destination, new Map([[first, false]]));
});
