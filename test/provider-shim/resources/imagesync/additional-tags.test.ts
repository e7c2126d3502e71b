import { describe, expect, test } from "vitest";
import type { Value } from "../../../../provider-shim/protocol/value.ts";
import { push } from "../../../support/images/index.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { expectPullable, heldBy, lived, versions, wholeTags } from "./history.ts";
import { type Registries, startRegistries } from "./registries.ts";

const [first, second, foreign] = versions;
const tagged = (...tags: readonly string[]): Readonly<Record<string, Value>> => ({ additional_tags: tags });

/** What each tag of the destination holds. */
async function held({ destination }: Registries): Promise<Readonly<Record<string, string | null>>> {
  const tags = await wholeTags(destination);
  const answers = await Promise.all(tags.map((tag) => fetch(`${destination.url}/v2/app/manifests/${tag}`)));
  return Object.fromEntries(
    tags.map((tag, position) => [tag, answers[position]?.headers.get("docker-content-digest") ?? null]),
  );
}

describe("additional tags", () => {
  test("are put with the image, move with it, come and go in place, and go with it", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const made = await lived(registries, commands, [first], tagged("1.0", "stable"));
    expect(await held(registries)).toEqual({ 1: first.digest, "1.0": first.digest, stable: first.digest });
    expect(changes((await commands.plan(made, wanted("app:1", tagged("1.0", "stable")))).value)).toEqual([]);

    const moved = await lived(registries, commands, [second], tagged("1.0", "stable"), made);
    const all = { 1: second.digest, "1.0": second.digest, stable: second.digest, [heldBy(first)]: first.digest };
    expect(await held(registries)).toEqual(all);

    const { value } = await commands.plan(moved, wanted("app:1", tagged("1.0", "newest")));
    expect(changes(value)).toEqual(["additional_tags"]);
    const { value: changed, findings } = await commands.apply(value);
    expect(findings).toEqual([]);
    const { stable: _stable, ...others } = all;
    expect(await held(registries)).toEqual({ ...others, newest: second.digest });

    const without = await commands.put(changed, wanted());
    expect(await held(registries)).toEqual({ 1: second.digest, [heldBy(first)]: first.digest });
    expect(changes((await commands.plan(without, wanted())).value)).toEqual([]);

    const again = await commands.put(without, wanted("app:1", tagged("a", "b")));
    expect((await commands.destroy(again)).findings).toEqual([]);
    expect(await held(registries)).toEqual({});
    await expectPullable(
      destination,
      new Map([
        [first, false],
        [second, false],
      ]),
    );
  });

  test("that others delete or move are put back", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], tagged("a", "b", "c"));
    await fetch(`${destination.url}/v2/app/manifests/a`, { method: "DELETE" });
    await push(foreign, { host: destination.host, repository: "app", tag: "b" });
    const { value } = await commands.plan(kept, wanted("app:1", tagged("a", "b", "c")));
    expect(value.prior.state).toMatchObject({ additional_tags: ["c"] });
    expect(changes(value)).toEqual(["additional_tags"]);
    const { value: mended } = await commands.apply(value);
    expect(await held(registries)).toEqual({ 1: first.digest, a: first.digest, b: first.digest, c: first.digest });
    expect(changes((await commands.plan(mended, wanted("app:1", tagged("a", "b", "c")))).value)).toEqual([]);
  });

  test("that somebody else has moved are not taken away, neither when they are dropped nor at destroy", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], tagged("a", "b"));
    await push(foreign, { host: destination.host, repository: "app", tag: "a" });
    await push(foreign, { host: destination.host, repository: "app", tag: "b" });
    const dropped = await commands.put(kept, wanted("app:1", tagged("b")));
    expect(await held(registries)).toEqual({ 1: first.digest, a: foreign.digest, b: first.digest });
    await push(foreign, { host: destination.host, repository: "app", tag: "b" });
    await commands.destroy(dropped);
    expect(await held(registries)).toEqual({ a: foreign.digest, b: foreign.digest });
  });

  test.each(["delete", "untag", "retain"])("are subject to deletion_policy = %s", async (deletion_policy) => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], { ...tagged("a", "b"), deletion_policy });
    const fewer = await commands.put(kept, wanted("app:1", { ...tagged("b"), deletion_policy }));
    const retained = deletion_policy === "retain";
    expect(await wholeTags(destination)).toEqual(["1", ...(retained ? ["a"] : []), "b"]);
    await commands.destroy(fewer);
    expect(await wholeTags(destination)).toEqual(retained ? ["1", "a", "b"] : []);
    await expectPullable(destination, new Map([[first, deletion_policy !== "delete"]]));
  });

  test("of an update that has failed half-way are not forgotten", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first]);
    const { value } = await commands.plan(kept, wanted("app:1", tagged("a", "b")));
    destination.intercept = ({ method, reference }) =>
      method === "PUT" && reference === "b" ? { respond: { status: 403 } } : undefined;
    await expect(commands.apply(value)).rejects.toMatchObject({ code: "denied" });
    destination.intercept = undefined;
    expect(await wholeTags(destination)).toEqual(["1", "a"]);
    // Terraform keeps the old state and what the plan remembers.
    const failed = { state: value.prior.state, private: value.private };
    await commands.destroy(failed);
    expect(await wholeTags(destination)).toEqual([]);
  });

  test("are adopted by an import", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const { state } = await lived(registries, commands, [first], tagged("a"));
    const imported = { state: { ...state, additional_tags: null }, private: new Uint8Array() };
    const { value } = await commands.plan(imported, wanted("app:1", tagged("a")));
    expect(changes(value)).toEqual(["additional_tags"]);
    destination.resetCounts();
    const { value: adopted } = await commands.apply(value);
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
    await commands.destroy(adopted);
    expect(await wholeTags(destination)).toEqual([]);
  });

  test("cost one request each at a refresh", async () => {
    const registries = await startRegistries();
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], { ...tagged("a", "b", "c"), integrity_check: "tag" });
    registries.destination.resetCounts();
    await commands.refresh(kept);
    expect(registries.destination.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD", "HEAD", "HEAD"]);
  });
});

describe("an additional tag that somebody else has put", () => {
  test("is an error at plan with on_conflict = fail, once it is new", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    await push(foreign, { host: destination.host, repository: "app", tag: "a" });
    const commands = startCommands(registries.hosts);
    const fail = { on_conflict: "fail" };
    const { findings } = await commands.plan(nothing, wanted("app:1", { ...fail, ...tagged("a", "b") }));
    expect(findings).toMatchObject([{ severity: "error", summary: "Additional tag holds another image" }]);
    expect(findings[0]?.path).toEqual([{ attribute: "additional_tags" }]);
    expect(findings[0]?.detail).toContain(`${destination.host}/app:a holds ${foreign.digest}`);
    const kept = await lived(registries, commands, [first, second], { ...fail, ...tagged("b") });
    expect(await held(registries)).toMatchObject({ 1: second.digest, b: second.digest, a: foreign.digest });
    const later = await commands.plan(kept, wanted("app:1", { ...fail, ...tagged("a", "b") }));
    expect(later.findings).toMatchObject([{ severity: "error", summary: "Additional tag holds another image" }]);
  });

  test("stays with on_conflict = keep, and that is not planned again", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    await push(foreign, { host: destination.host, repository: "app", tag: "a" });
    const commands = startCommands(registries.hosts);
    const keep = { on_conflict: "keep", ...tagged("a", "b") };
    const { value } = await commands.plan(nothing, wanted("app:1", keep));
    const { value: kept, findings } = await commands.apply(value);
    expect(findings).toMatchObject([{ severity: "warning", summary: "Existing image kept" }]);
    expect(await held(registries)).toMatchObject({ a: foreign.digest });
    expect(changes((await commands.plan(kept, wanted("app:1", keep))).value)).toEqual([]);
    await commands.destroy(kept);
    expect(await wholeTags(destination)).toEqual(["a"]);
  });

  test("is overwritten by default", async () => {
    const registries = await startRegistries();
    await push(foreign, { host: registries.destination.host, repository: "app", tag: "a" });
    await lived(registries, startCommands(registries.hosts), [first], tagged("a"));
    expect(await held(registries)).toEqual({ 1: first.digest, a: first.digest });
  });

  test("is not put beside an image that was found and kept", async () => {
    const registries = await startRegistries();
    await push(foreign, { host: registries.destination.host, repository: "app", tag: "1" });
    const commands = startCommands(registries.hosts);
    const keep = { on_conflict: "keep", ...tagged("a") };
    const kept = await lived(registries, commands, [first], keep);
    expect(await wholeTags(registries.destination)).toEqual(["1"]);
    expect(changes((await commands.plan(kept, registries.wanted("app:1", keep))).value)).toEqual([]);
  });
});
