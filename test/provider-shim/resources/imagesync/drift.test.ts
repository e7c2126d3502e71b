import { expect, test } from "vitest";
import { digestOf, fetchTree, push, treeOf } from "../../../support/images/index.ts";
import { changes, nothing, startCommands } from "./commands.ts";
import { one, startRegistries, two } from "./registries.ts";

test("a destination that names tag and digest is judged by its tag", async () => {
  const { destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const resource = wanted(`app:1@${one.digest}`);
  const kept = await commands.put(nothing, resource);
  expect(changes((await commands.plan(kept, resource)).value)).toEqual([]);

  await push(two, { host: destination.host, repository: "app", tag: "1" });
  const { value } = await commands.plan(kept, resource);
  expect(changes(value)).toEqual(["destination_digest"]);
  await commands.apply(value);
  expect(await fetchTree(destination, "app", "1")).toEqual(treeOf(one));

  await fetch(`${destination.url}/v2/app/manifests/1`, { method: "DELETE" });
  expect((await commands.refresh(kept)).value.state).toMatchObject({ destination_digest: null, complete: false });
});

test("without its tag the resource is there as long as its image, or an earlier one, is", async () => {
  const { source, destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const first = await commands.put(nothing, wanted());
  await push(two, { host: source.host, repository: "app", tag: "1" });
  const kept = await commands.put(first, wanted());
  for (const reference of ["1", two.digest]) {
    await fetch(`${destination.url}/v2/app/manifests/${reference}`, { method: "DELETE" });
    const { value } = await commands.plan(kept, wanted());
    expect(value.prior.state).toMatchObject({ destination_digest: null, complete: false });
    expect(changes(value)).toEqual(["destination_digest", "complete"]);
  }
  await fetch(`${destination.url}/v2/app/manifests/${one.digest}`, { method: "DELETE" });
  expect((await commands.refresh(kept)).value.state).toBeNull();
});

test("an earlier image is not forgotten when somebody deletes the tag", async () => {
  const { source, destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const first = await commands.put(nothing, wanted());
  await push(two, { host: source.host, repository: "app", tag: "1" });
  const kept = await commands.put(first, wanted());
  await fetch(`${destination.url}/v2/app/manifests/1`, { method: "DELETE" });
  const again = await commands.put(kept, wanted());
  expect(await fetchTree(destination, "app", "1")).toEqual(treeOf(two));
  await commands.destroy(again);
  expect((await fetch(`${destination.url}/v2/app/manifests/${one.digest}`)).status).toBe(404);
});

const unreadable = [
  ["Docker schema 1", "application/vnd.docker.distribution.manifest.v1+prettyjws", `{"schemaVersion":1}`],
  ["a document of no kind", "application/json", `{"schemaVersion":2}`],
  ["no JSON", "application/vnd.oci.image.index.v1+json", `<html></html>`],
] as const;

test.each(unreadable)("a tag overwritten with %s is drift, and is put back", async (_name, type, body) => {
  const { destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  const digest = digestOf([Buffer.from(body)]);
  const headers = { "content-type": type, "docker-content-digest": digest };
  let overwritten = true;
  destination.intercept = ({ method, reference }) => {
    if (method === "PUT") overwritten = false;
    return overwritten && (reference === "1" || reference === digest)
      ? { respond: { status: 200, headers, body } }
      : undefined;
  };
  const { value } = await commands.plan(kept, wanted());
  expect(value.prior.state).toMatchObject({ destination_digest: digest, complete: false });
  expect(changes(value)).toEqual(["destination_digest", "complete"]);
  expect((await commands.apply(value)).value.state).toMatchObject({ destination_digest: one.digest, complete: true });
});

test("an answer that cannot be read for the image that was put there is an error, as nothing could mend it", async () => {
  const { destination, hosts, wanted } = await startRegistries();
  const commands = startCommands(hosts);
  const kept = await commands.put(nothing, wanted());
  destination.intercept = ({ method, kind }) =>
    method === "GET" && kind === "manifest" ? { respond: { status: 200, body: "x".repeat(9_000_000) } } : undefined;
  await expect(commands.refresh(kept)).rejects.toMatchObject({ code: "limit" });
});
