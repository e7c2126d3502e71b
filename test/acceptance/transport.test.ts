import { mkdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { startProxy } from "../engine/http/test-proxy.ts";
import { buildPlatformIndex, fetchTree, treeOf } from "../support/images/index.ts";
import { makeCertificates } from "../support/registries/index.ts";
import { expectNothingToDo, nested, terraformProgram } from "../support/terraform/index.ts";
import {
  configuration,
  digestOfTag,
  mirror,
  openPackaged,
  openRegistry,
  openWorkspaceFor,
  patient,
  pushTo,
  setStage,
} from "./stage.ts";

const image = buildPlatformIndex({ seed: "transport", layers: [2000, 200_000] });
const apply = ["apply", "-auto-approve", "-no-color", "-input=false"];

describe.skipIf(terraformProgram === undefined)("the way to a registry", patient, () => {
  test("of the packaged provider goes through the proxies of the environment", async () => {
    const { cert, key } = await makeCertificates();
    const source = await openRegistry();
    const destination = await openRegistry({ tls: { cert, key } });
    const proxy = await startProxy({
      login: "robot:proxy-pass",
      names: { "source.example": source.host, "destination.example": destination.host },
    });
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    await pushTo(source, "team/app", "1.0", image);
    const workspace = await openWorkspaceFor(await openPackaged());
    const registry = [
      nested({ address: "source.example", plain_http: true }),
      // The name is one that only the proxy knows.
      nested({ address: "destination.example", insecure_skip_verify: true }),
    ];
    const there = { source: "source.example/team/app:1.0", destination: "destination.example/mirror/app:1.0" };
    await workspace.write(configuration({ registry }, mirror(there)));
    const url = `http://robot:proxy-pass@${proxy.host}`;
    await workspace.must(apply, [0], { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: "other.example" });
    expect(
      proxy.lines
        .filter((line) => line.startsWith("CONNECT"))
        .every((line) => line.endsWith(" destination.example:443")),
    ).toBe(true);
    expect(proxy.lines).toContain("HEAD http://source.example/v2/team/app/manifests/1.0");
    expect(destination.requests.some(({ method, path }) => method === "PUT" && path.includes("/manifests/1.0"))).toBe(
      true,
    );
  });

  test("of the packaged provider is trusted by the certs.d of podman and docker, and by ca_certificate_file", async () => {
    const { ca, cert, key } = await makeCertificates();
    const source = await openRegistry();
    const destination = await openRegistry({ tls: { cert, key } });
    await pushTo(source, "team/app", "1.0", image);
    const workspace = await openWorkspaceFor(await openPackaged());
    const plain = nested({ address: source.host, plain_http: true });
    const at = (tag: string): string =>
      mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:${tag}` }, tag);
    const environment = { HOME: workspace.path("home") };

    await workspace.write(configuration({ registry: plain }, at("one")));
    expect((await workspace.must(apply, [1], environment)).text).toMatch(/TLS failed/);
    const directory = workspace.path(`home/.config/containers/certs.d/${destination.host}`);
    await mkdir(directory, { recursive: true });
    await writeFile(`${directory}/company.crt`, ca);
    expect((await workspace.must(apply, [0], environment)).text).toContain("1 added");

    await rm(directory, { recursive: true });
    await writeFile(workspace.path("home/company.pem"), ca);
    const trusting = nested({ address: destination.host, ca_certificate_file: "~/company.pem" });
    await workspace.write(configuration({ registry: [plain, trusting] }, at("one"), at("two")));
    expect((await workspace.must(apply, [0], environment)).text).toContain("1 added");
  });

  test("is warned of at its line where a file is missing, also when nothing has to be asked by it", async () => {
    const { workspace, source, destination } = await setStage();
    await pushTo(source, "team/app", "1.0", image);
    const registry = [
      ...[source, destination].map(({ host }) => nested({ address: host, plain_http: true })),
      nested({ address: "other.example", ca_certificate_file: "company.pem" }),
    ];
    const there = { source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` };
    await workspace.write(configuration({ registry }, mirror(there)));
    const { text } = await workspace.must(apply);
    expect(text).toMatch(
      /Warning: TLS failed[^]+ca_certificate_file += "company.pem"[^]+Cannot read the certificates in/,
    );
    expect(text).toContain("1 added");
  });

  test("of a mirror is taken for the source, and only for that", async () => {
    const hub = await openRegistry();
    const { workspace, source, destination } = await setStage();
    await pushTo(hub, "cache/team/app", "1.0", image);
    const registry = [
      nested({ address: source.host, plain_http: true, mirrors: [`${hub.host}/cache`] }),
      nested({ address: destination.host, plain_http: true, mirrors: [`${hub.host}/cache`] }),
      nested({ address: hub.host, plain_http: true }),
    ];
    const there = { source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` };
    const config = configuration({ registry }, mirror(there));
    await workspace.write(config);
    await workspace.apply();
    expect(await fetchTree(destination, "mirror/app", "1.0")).toEqual(treeOf(image));
    await expectNothingToDo(workspace);
    expect(hub.requests.filter(({ path }) => path.includes("/mirror/app"))).toEqual([]);
  });
});

describe.skipIf(terraformProgram === undefined)("default_platforms", patient, () => {
  test("stands in for platforms, which go before it, and a change of it is an update in place", async () => {
    const { workspace, source, destination } = await setStage();
    await pushTo(source, "team/app", "1.0", image);
    const registry = [source, destination].map(({ host }) => nested({ address: host, plain_http: true }));
    const resources = [
      mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:default` }),
      mirror(
        {
          source: `${source.host}/team/app:1.0`,
          destination: `${destination.host}/mirror/app:own`,
          platforms: ["linux/arm64"],
        },
        "own",
      ),
    ];
    const digests = async (): Promise<(string | undefined)[]> =>
      Promise.all(["default", "own"].map((tag) => digestOfTag(destination, "mirror/app", tag)));

    await workspace.write(configuration({ registry }, ...resources));
    await workspace.apply();
    const [whole, own] = await digests();
    expect(whole).toBe(image.digest);

    await workspace.write(configuration({ registry, default_platforms: ["linux/arm64"] }, ...resources));
    expect((await workspace.apply()).text).toContain("0 added, 1 changed, 0 destroyed");
    expect(await digests()).toEqual([own, own]);
    await expectNothingToDo(workspace);

    await workspace.write(configuration({ registry }, ...resources));
    await workspace.apply();
    expect(await digests()).toEqual([whole, own]);
    await expectNothingToDo(workspace);
  });
});
