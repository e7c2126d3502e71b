import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../../../provider-shim/protocol/value.ts";
import { push } from "../../../support/images/index.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { expectPullable, heldBy, lived, versions, wholeTags } from "./history.ts";
import { type Registries, startRegistries } from "./registries.ts";

const [first, second, foreign, stranger] = versions;

/** Somebody else puts an image at the destination. */
async function intrude({ destination }: Registries, image = foreign, tag = "1"): Promise<void> {
  await push(image, { host: destination.host, repository: "app", tag });
}

/** The source has this now. */
async function publish({ source }: Registries, image = first): Promise<void> {
  await push(image, { host: source.host, repository: "app", tag: "1" });
}

async function held({ destination }: Registries, tag = "1"): Promise<string | null> {
  const answer = await fetch(`${destination.url}/v2/app/manifests/${tag}`, { headers: { accept: "*/*" } });
  return answer.headers.get("docker-content-digest");
}

describe("on_conflict = fail", () => {
  const fail = { on_conflict: "fail" };

  test("refuses at plan to replace what somebody else has put there, and names both digests", async () => {
    const registries = await startRegistries();
    await publish(registries);
    await intrude(registries);
    const { destination, hosts, wanted } = registries;
    const { findings } = await startCommands(hosts).plan(nothing, wanted("app:1", fail));
    expect(findings).toMatchObject([{ severity: "error", summary: "Destination holds another image" }]);
    expect(findings[0]?.path).toEqual([{ attribute: "destination" }]);
    expect(findings[0]?.detail).toBe(
      `${destination.host}/app:1 holds ${foreign.digest}, which this resource has not put there; the source has ${first.digest}. Remove that tag, write another destination, or set on_conflict to "overwrite" or "keep".`,
    );
    expect(await held(registries)).toBe(foreign.digest);
  });

  test("takes the image that is there already, and follows the source from there", async () => {
    const registries = await startRegistries();
    await intrude(registries, first);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first, second], fail);
    expect(await held(registries)).toBe(second.digest);
    expect(changes((await commands.plan(kept, registries.wanted("app:1", fail))).value)).toEqual([]);
  });

  test("moves its own tag on, also back to what it has put there before", async () => {
    const registries = await startRegistries();
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first, second, first, second], fail);
    expect(kept.state).toMatchObject({ destination_digest: second.digest });
    await intrude(registries, first);
    const { value, findings } = await commands.plan(kept, registries.wanted("app:1", fail));
    expect(findings).toEqual([]);
    expect(changes(value)).toEqual(["destination_digest"]);
  });

  test("leaves a tag alone that somebody else has moved, until that is undone", async () => {
    const registries = await startRegistries();
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], fail);
    await intrude(registries);
    const { findings } = await commands.plan(kept, registries.wanted("app:1", fail));
    expect(findings).toMatchObject([{ severity: "error", summary: "Destination holds another image" }]);
    await intrude(registries, first);
    expect(changes((await commands.plan(kept, registries.wanted("app:1", fail))).value)).toEqual([]);
  });

  test("asks the destination only where it must", async () => {
    const registries = await startRegistries();
    await publish(registries);
    const commands = startCommands(registries.hosts);
    await commands.plan(nothing, registries.wanted("app:1"));
    expect(registries.destination.requests).toEqual([]);
    await commands.plan(nothing, registries.wanted("app:1", fail));
    // That there is no tag is believed to GET only.
    expect(registries.destination.requests.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });
});

describe("on_conflict = keep", () => {
  const keep = { on_conflict: "keep" };

  test("lets an image stay that was there before: the id names it, a warning says so, and then nothing changes", async () => {
    const registries = await startRegistries();
    await publish(registries);
    await intrude(registries);
    const { destination, hosts, wanted } = registries;
    const commands = startCommands(hosts);
    const { value, findings } = await commands.plan(nothing, wanted("app:1", keep));
    expect(findings).toMatchObject([{ severity: "warning", summary: "Existing image kept" }]);
    expect(value.planned).toMatchObject({
      id: `${destination.host}/app@${foreign.digest}`,
      source_digest: first.digest,
      destination_digest: foreign.digest,
    });
    const { value: kept } = await commands.apply(value);
    expect(kept.state).toMatchObject({ id: `${destination.host}/app@${foreign.digest}`, complete: true });
    for (let round = 0; round < 2; round += 1) {
      const again = await commands.plan(kept, wanted("app:1", keep));
      expect(changes(again.value)).toEqual([]);
      expect(again.findings).toMatchObject([{ severity: "warning", summary: "Existing image kept" }]);
    }
    expect(await held(registries)).toBe(foreign.digest);
  });

  test("takes nothing away at destroy that it has not put there", async () => {
    const registries = await startRegistries();
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], keep);
    const { findings } = await commands.destroy(kept);
    expect(findings).toEqual([]);
    expect(await wholeTags(registries.destination)).toEqual(["1"]);
    await expectPullable(registries.destination, new Map([[foreign, true]]));
  });

  test("does not even when Terraform has lost what the resource remembers", async () => {
    const registries = await startRegistries();
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const { state } = await lived(registries, commands, [first], keep);
    await commands.destroy({ state, private: new Uint8Array() });
    expect(await held(registries)).toBe(foreign.digest);
  });

  test("copies where nothing is, follows the source, and yields to whoever moves the tag", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    const commands = startCommands(registries.hosts);
    const own = await lived(registries, commands, [first, second], keep);
    expect(await held(registries)).toBe(second.digest);

    await intrude(registries);
    const yielded = await commands.put(own, wanted("app:1", keep));
    expect(yielded.state).toMatchObject({ id: `${destination.host}/app@${foreign.digest}` });
    expect(await held(registries)).toBe(foreign.digest);
    // What it has put there before is its own, and stays pullable as after any update.
    expect(await wholeTags(destination)).toEqual(["1", heldBy(second)].toSorted());

    await intrude(registries, stranger);
    const followed = await commands.put(yielded, wanted("app:1", keep));
    expect(followed.state).toMatchObject({ id: `${destination.host}/app@${stranger.digest}` });

    await commands.destroy(followed);
    expect(await wholeTags(destination)).toEqual(["1"]);
    await expectPullable(
      destination,
      new Map([
        [stranger, true],
        [second, false],
      ]),
    );
  });

  test("copies again once the tag is free", async () => {
    const registries = await startRegistries();
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], keep);
    await fetch(`${registries.destination.url}/v2/app/manifests/1`, { method: "DELETE" });
    const { value } = await commands.plan(kept, registries.wanted("app:1", keep));
    await commands.apply(value);
    expect(await held(registries)).toBe(first.digest);
  });

  test("gives way to overwrite, which leaves what was kept to its owner", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], keep);
    const { value } = await commands.plan(kept, wanted("app:1", { on_conflict: "overwrite" }));
    expect(changes(value)).toContain("id");
    const { value: own } = await commands.apply(value);
    expect(await held(registries)).toBe(first.digest);
    expect(await wholeTags(destination)).toEqual(["1"]);
    await commands.destroy(own);
    await expectPullable(destination, new Map([[first, false]]));
    expect((await fetch(`${destination.url}/v2/app/manifests/${foreign.digest}`)).status).toBe(200);
  });

  test("shows what the source has meanwhile, and changes nothing at the destination", async () => {
    const registries = await startRegistries();
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], keep);
    await publish(registries, second);
    registries.destination.resetCounts();
    const next = await commands.put(kept, registries.wanted("app:1", keep));
    expect(next.state).toMatchObject({ source_digest: second.digest, destination_digest: foreign.digest });
    expect(registries.destination.requests.filter(({ method }) => !/^(?:HEAD|GET)$/.test(method))).toEqual([]);
    expect(changes((await commands.plan(next, registries.wanted("app:1", keep))).value)).toEqual([]);
  });

  test("stays with what it keeps while the source cannot be asked", async () => {
    const registries = await startRegistries();
    await intrude(registries);
    const commands = startCommands(registries.hosts);
    const kept = await lived(registries, commands, [first], keep);
    registries.source.intercept = () => ({ respond: { status: 403 } });
    const { value, findings } = await commands.plan(kept, registries.wanted("app:1", keep));
    expect(changes(value)).toEqual([]);
    expect(findings.map(({ summary }) => summary)).toEqual(["Source unavailable, mirror kept", "Existing image kept"]);
  });

  test("finds out at apply what could not be asked at plan", async () => {
    const registries = await startRegistries();
    await publish(registries);
    await intrude(registries);
    const commands = startCommands(registries.hosts, [], undefined, { resolve_at_plan: false });
    const { value } = await commands.plan(nothing, registries.wanted("app:1", keep));
    expect(value.planned["id"]).toBe(UNKNOWN);
    const { value: kept, findings } = await commands.apply(value);
    expect(findings).toMatchObject([{ severity: "warning", summary: "Existing image kept" }]);
    expect(kept.state).toMatchObject({ destination_digest: foreign.digest, source_digest: first.digest });
    expect(changes((await commands.plan(kept, registries.wanted("app:1", keep))).value)).toEqual([]);
  });

  test("does not mend what is not its own", async () => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    await intrude(registries);
    const [child] = foreign.children;
    await fetch(`${destination.url}/v2/app/manifests/${child?.digest}`, { method: "DELETE" });
    await publish(registries);
    const commands = startCommands(registries.hosts);
    const kept = await commands.put(nothing, wanted("app:1", keep));
    expect(kept.state).toMatchObject({ destination_digest: foreign.digest, complete: false });
    expect(changes((await commands.plan(kept, wanted("app:1", keep))).value)).toEqual([]);
  });
});

test.each(["fail", "keep"])(
  "on_conflict = %s promises nothing that it cannot hold: a tag that appears after the plan is an error, and stays",
  async (on_conflict) => {
    const registries = await startRegistries();
    const { destination, wanted } = registries;
    await publish(registries);
    const commands = startCommands(registries.hosts);
    const { value } = await commands.plan(nothing, wanted("app:1", { on_conflict }));
    destination.resetCounts();
    let plannedAgain = false;
    destination.intercept = ({ method, reference }) => {
      if (reference !== "1") return undefined;
      if (plannedAgain) return { respond: { status: 200, headers: { "docker-content-digest": foreign.digest } } };
      // The last that the second plan asks.
      plannedAgain = method === "GET";
      return undefined;
    };
    await expect(commands.apply(value)).rejects.toMatchObject({
      code: "conflict",
      side: "destination",
      message: expect.stringContaining(`the tag holds ${foreign.digest}`) as string,
    });
    expect(destination.requests.filter(({ method }) => method !== "HEAD" && method !== "GET")).toEqual([]);
  },
);
