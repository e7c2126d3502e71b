import { expect, test } from "vitest";
import type { Diagnostic } from "../../../../provider-shim/protocol/diagnostics.ts";
import { push } from "../../../support/images/index.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { expectPullable, heldBy, lived, versions, wholeTags } from "./history.ts";
import { silence, startRegistries } from "./registries.ts";

const [first, second, third, fourth] = versions;

const denied = { respond: { status: 403, body: `{"errors":[{"code":"DENIED","message":"not today"}]}` } };

function warnings(findings: readonly Diagnostic[]): string[] {
  return findings
    .filter(({ severity }) => severity === "warning")
    .map(({ summary, detail }) => `${summary}: ${detail}`);
}

test.each([
  [0, []],
  [1, [third]],
  [2, [third, second]],
  [20, [third, second, first]],
])(
  "keep_previous = %s: so many earlier digests stay pullable, each by a tag, older ones are gone",
  async (count, held) => {
    const registries = await startRegistries();
    await lived(registries, startCommands(registries.hosts), versions, { keep_previous: count });
    expect(await wholeTags(registries.destination)).toEqual(["1", ...held.map((image) => heldBy(image))].toSorted());
    const there = [fourth, ...held];
    await expectPullable(registries.destination, new Map(versions.map((image) => [image, there.includes(image)])));
  },
);

test("one earlier digest stays where nothing else is said", async () => {
  const registries = await startRegistries();
  await lived(registries, startCommands(registries.hosts), [first, second, third]);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(second)].toSorted());
});

test("back to an earlier digest: it is the tag's again and needs no other, and the one between stays pullable", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second, first]);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(second)].toSorted());
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, true],
    ]),
  );
  await lived(registries, commands, [third], {}, kept);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(first)].toSorted());
});

test("a lower keep_previous is an update in place that collects what is too much, and asks the source for nothing", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, versions, { keep_previous: 3 });
  const { value } = await commands.plan(kept, registries.wanted("app:1", { keep_previous: 1 }));
  expect(changes(value)).toEqual(["keep_previous"]);
  silence(registries.source);
  registries.destination.resetCounts();
  await commands.apply(value);
  expect(Object.keys(registries.destination.counts()).filter((kind) => /^(PUT|POST|PATCH) /.test(kind))).toEqual([]);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(third)].toSorted());
});

test("a higher keep_previous, and other policies, are updates in place that ask no registry for anything", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  const wanted = registries.wanted("app:1", {
    keep_previous: 5,
    deletion_policy: "untag",
    keep_digests: [first.digest],
  });
  const { value } = await commands.plan(kept, wanted);
  expect(changes(value).toSorted()).toEqual(["deletion_policy", "keep_digests", "keep_previous"]);
  registries.destination.resetCounts();
  registries.source.resetCounts();
  const { value: done } = await commands.apply(value);
  expect([registries.destination.counts(), registries.source.counts()]).toMatchObject([{}, {}]);
  expect(registries.destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
  expect(changes((await commands.plan(done, wanted)).value)).toEqual([]);
});

test('deletion_policy = "untag": an update removes the tags of older digests and leaves their content', async () => {
  const registries = await startRegistries();
  await lived(registries, startCommands(registries.hosts), [first, second, third], { deletion_policy: "untag" });
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(second)].toSorted());
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, true],
      [third, true],
    ]),
  );
});

test('deletion_policy = "retain": nothing is ever removed; once it is lifted, what was too much goes', async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second, third], { deletion_policy: "retain" });
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(first), heldBy(second)].toSorted());
  expect(registries.destination.requests.filter(({ method }) => method === "DELETE")).toEqual([]);
  await lived(registries, commands, [third], {}, kept);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(second)].toSorted());
});

test("a digest of keep_digests stays with its tag however old it is, and goes once it is not listed any more", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, versions, { keep_digests: [first.digest] });
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(first), heldBy(third)].toSorted());
  const { value } = await commands.plan(kept, registries.wanted());
  expect(changes(value)).toEqual(["keep_digests"]);
  await commands.apply(value);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(third)].toSorted());
  await expectPullable(
    registries.destination,
    new Map([
      [first, false],
      [third, true],
      [fourth, true],
    ]),
  );
});

test("a registry that refuses the tag for the earlier digest is told to the user, and the update goes on", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  registries.destination.intercept = ({ method, reference }) =>
    method === "PUT" && reference.startsWith("imagesync-previous") ? denied : undefined;
  await push(second, { host: registries.source.host, repository: "app", tag: "1" });
  const { value } = await commands.plan(kept, registries.wanted());
  const done = await commands.apply(value);
  expect(warnings(done.findings)).toEqual([
    expect.stringMatching(
      new RegExp(`^Earlier image has no tag: .*app:1 is updated all the same.*${first.digest}.*not today`, "s"),
    ),
  ]);
  expect(await wholeTags(registries.destination)).toEqual(["1"]);
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, true],
    ]),
  );
  registries.destination.intercept = undefined;
  await lived(registries, commands, [third], {}, done.value);
  await expectPullable(
    registries.destination,
    new Map([
      [first, false],
      [second, true],
      [third, true],
    ]),
  );
});

test("an earlier digest that somebody has deleted takes no place among those that are kept", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  const { url } = registries.destination;
  await fetch(`${url}/v2/app/manifests/${second.digest}`, { method: "DELETE" });
  await push(third, { host: registries.destination.host, repository: "app", tag: "1" });
  await lived(registries, commands, [third], {}, kept);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(first)].toSorted());
});

test("what could not be collected is a warning, stays remembered, and is collected by the next update", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  registries.destination.intercept = ({ kind }) => (kind === "tags" ? denied : undefined);
  await push(third, { host: registries.source.host, repository: "app", tag: "1" });
  const { value } = await commands.plan(kept, registries.wanted());
  const done = await commands.apply(value);
  expect(done.value.state).toMatchObject({ destination_digest: third.digest });
  expect(warnings(done.findings)).toEqual([
    expect.stringMatching(/^Earlier images are not collected yet: .*app:1 is updated.*not today.*next update/s),
  ]);
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, true],
      [third, true],
    ]),
  );
  registries.destination.intercept = undefined;
  await lived(registries, commands, [fourth], {}, done.value);
  await expectPullable(
    registries.destination,
    new Map([
      [first, false],
      [second, false],
      [third, true],
      [fourth, true],
    ]),
  );
});

test("a failed update loses nothing, and the destroy after it leaves nothing", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  registries.destination.intercept = ({ method, reference }) =>
    method === "PUT" && reference === "1" ? denied : undefined;
  await push(third, { host: registries.source.host, repository: "app", tag: "1" });
  const { value } = await commands.plan(kept, registries.wanted());
  await expect(commands.apply(value)).rejects.toMatchObject({ code: "denied" });
  await expectPullable(
    registries.destination,
    new Map([
      [first, true],
      [second, true],
    ]),
  );
  expect(await wholeTags(registries.destination)).toEqual(expect.arrayContaining(["1", heldBy(first)]));
  registries.destination.intercept = undefined;
  expect(warnings((await commands.destroy({ state: kept.state, private: value.private })).findings)).toEqual([]);
  expect(await wholeTags(registries.destination)).toEqual([]);
  await expectPullable(
    registries.destination,
    new Map([
      [first, false],
      [second, false],
    ]),
  );
});

test("an update whose process was killed after it had moved the tag is finished by the next", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first, second]);
  // The answer never reaches the state.
  await lived(registries, commands, [third], {}, kept);
  await lived(registries, commands, [third], {}, kept);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(second)].toSorted());
  await expectPullable(
    registries.destination,
    new Map([
      [first, false],
      [second, true],
      [third, true],
    ]),
  );
});

test("a destination without a tag is latest, whose earlier digests are looked after as well", async () => {
  const registries = await startRegistries();
  const { source, destination, hosts, wanted } = registries;
  const commands = startCommands(hosts);
  let kept = nothing;
  for (const image of [first, second, third]) {
    await push(image, { host: source.host, repository: "app", tag: "1" });
    kept = await commands.put(kept, wanted("app"));
  }
  expect(await wholeTags(destination)).toEqual(["latest", heldBy(second, "latest")].toSorted());
  await commands.destroy(kept);
  expect(await wholeTags(destination)).toEqual([]);
  await expectPullable(destination, new Map(versions.map((image) => [image, false])));
});

test("earlier digests are found at the registry when the memory of them is lost, and only those of this tag", async () => {
  const registries = await startRegistries();
  const { destination, wanted } = registries;
  const commands = startCommands(registries.hosts);
  const neighbour = await commands.put(nothing, wanted("app:other.1"));
  const kept = await lived(registries, commands, [first, second]);
  await commands.put(neighbour, wanted("app:other.1"));
  const others = [...(await wholeTags(destination))].filter((tag) => tag.endsWith("other.1"));
  expect(others.length).toBe(2);
  const { value } = await commands.refresh({ state: kept.state, private: new Uint8Array() });
  await commands.destroy(value);
  expect(await wholeTags(destination)).toEqual(others);
  await expectPullable(destination, new Map([[first, false]]));
});

test("a registry that lists no tags does not fail the refresh of a resource without memory", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const kept = await lived(registries, commands, [first]);
  registries.destination.intercept = ({ kind }) => (kind === "tags" ? denied : undefined);
  const { value } = await commands.refresh({ state: kept.state, private: new Uint8Array() });
  expect(value.state).toMatchObject({ destination_digest: first.digest, complete: true });
});

test("a new object does not take the earlier digests of the one it takes the place of for its own", async () => {
  const registries = await startRegistries();
  const commands = startCommands(registries.hosts);
  const old = await lived(registries, commands, [first, second]);
  const fresh = await commands.put({ state: nothing.state, private: old.private }, registries.wanted("app:2"));
  await commands.destroy(fresh);
  expect(await wholeTags(registries.destination)).toEqual(["1", heldBy(first)].toSorted());
});
