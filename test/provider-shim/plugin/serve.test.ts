import { spawn, type ChildProcess } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterEach, describe, expect, test } from "vitest";

import { createCertificate } from "../../../provider-shim/plugin/certificate.ts";
import type { CtyType } from "../../../provider-shim/protocol/cty-type.ts";
import { schemaType } from "../../../provider-shim/protocol/schema.ts";
import { encodeValue } from "../../../provider-shim/protocol/value-encode.ts";
import { objectValue } from "../../../provider-shim/protocol/value.ts";
import { decodeMessage, encodeMessage } from "../../../provider-shim/protocol/wire.ts";
import { clientFor, type TestClient } from "./grpc-client.ts";
import { watchProcesses, type ProcessWatch } from "./process-watch.ts";
import { finished, hasTerraform, makeWorkspace, type Workspace } from "./terraform.ts";
import { toyProvider } from "./toy-provider.ts";

const toyMain = fileURLToPath(new URL("./toy-main.ts", import.meta.url));
const magicCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "toy-"));
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function processWatch(): Promise<ProcessWatch> {
  const watch = await watchProcesses();
  cleanUps.push(() => watch.close());
  return watch;
}

function startPlugin(environment: NodeJS.ProcessEnv, ...words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [toyMain, ...words], {
    // What a killed process leaves behind goes with its temporary directory.
    env: { PATH: process.env["PATH"], TMPDIR: temporaryDirectory(), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  cleanUps.push(() => void child.kill("SIGKILL"));
  return child;
}

/** The first line on standard output, by its fields. */
function handshakeOf(child: ChildProcess): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.endsWith("\n")) resolve(output.trimEnd().split("|"));
    });
    child.on("close", () => reject(new Error(`The plugin has ended: ${output}`)));
  });
}

async function startedPlugin(
  environment: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; fields: string[]; client: TestClient; done: ReturnType<typeof finished> }> {
  const certificate = createCertificate();
  const child = startPlugin({
    TF_PLUGIN_MAGIC_COOKIE: magicCookie,
    PLUGIN_PROTOCOL_VERSIONS: "5,6",
    PLUGIN_CLIENT_CERT: certificate.certPem,
    ...environment,
  });
  const done = finished(child);
  const fields = await handshakeOf(child);
  const server = new X509Certificate(Buffer.from(fields[5] ?? "", "base64"));
  const address = fields[2] === "unix" ? `unix:${fields[3]}` : (fields[3] ?? "");
  const client = clientFor(address, { certificate, ca: server.toString() });
  cleanUps.push(() => client.close());
  return { child, fields, client, done };
}

/** What the messages for the toy are made with. */
function toyTypes(): { type: CtyType; configuration: Uint8Array } {
  const { schema, resources } = toyProvider();
  const config = { msgpack: encodeValue(schemaType(schema.block), objectValue({ directory: "/nowhere" })) };
  return {
    type: schemaType(resources["toy_thing"]!.schema.block),
    configuration: encodeMessage(6, "ConfigureProviderRequest", { config }),
  };
}

describe("a plugin process", () => {
  test("explains itself and exits with 1 when it is not started by Terraform", async () => {
    const result = await finished(startPlugin({ TF_PLUGIN_MAGIC_COOKIE: "wrong" }));
    expect(result.code).toBe(1);
    expect(result.output).toContain("This binary is a Terraform provider plugin");
  });

  test("explains itself when Terraform offers no protocol that it speaks", async () => {
    const result = await finished(
      startPlugin({ TF_PLUGIN_MAGIC_COOKIE: magicCookie, PLUGIN_PROTOCOL_VERSIONS: "4,7" }),
    );
    expect(result.code).toBe(1);
    expect(result.output).toContain('Terraform offers "4,7"');
  });

  test("prints one handshake line with an unpadded certificate for localhost", async () => {
    const { fields } = await startedPlugin();
    expect(fields).toHaveLength(6);
    expect(fields.slice(0, 3)).toEqual(["1", "6", "unix"]);
    expect(fields[4]).toBe("grpc");
    expect(fields[5]).toMatch(/^[A-Za-z0-9+/]+$/);
    expect(new X509Certificate(Buffer.from(fields[5] ?? "", "base64")).subjectAltName).toBe("DNS:localhost");
  });

  test("serves protocol 5 where Terraform offers nothing newer", async () => {
    const { fields, client } = await startedPlugin({ PLUGIN_PROTOCOL_VERSIONS: "5" });
    expect(fields[1]).toBe("5");
    const schema = await client.unary("/tfplugin5.Provider/GetSchema");
    expect(schema.length).toBeGreaterThan(100);
  });

  test("ends with 0 and removes its socket when Terraform shuts it down", async () => {
    const { fields, client, done } = await startedPlugin();
    const socket = fields[3] ?? "";
    expect(existsSync(socket)).toBe(true);
    await client.unary("/plugin.GRPCController/Shutdown");
    expect((await done).code).toBe(0);
    expect(existsSync(dirname(socket))).toBe(false);
  });

  test("survives Ctrl-C, which Terraform reports by its own call", async () => {
    const { child, client } = await startedPlugin();
    child.kill("SIGINT");
    expect(await client.unary("/tfplugin6.Provider/StopProvider")).toEqual(Buffer.alloc(0));
  });

  test("on SIGTERM aborts what runs, answers it with the state that must be kept, and ends", async () => {
    const watch = await processWatch();
    const { child, client, done } = await startedPlugin({ TOY_WATCH: String(watch.port) });
    const { type, configuration } = toyTypes();
    await client.unary("/tfplugin6.Provider/ConfigureProvider", configuration);
    const state = { msgpack: encodeValue(type, objectValue({ name: "slow", rule: [] })) };
    const request = { type_name: "toy_thing", prior_state: state, planned_state: state, config: state };
    const answer = client.unary(
      "/tfplugin6.Provider/ApplyResourceChange",
      encodeMessage(6, "ApplyResourceChangeRequest", request),
    );
    await watch.line(/^applying/);
    child.kill("SIGTERM");
    const response = decodeMessage(6, "ApplyResourceChangeResponse", await answer);
    expect(response.diagnostics[0]?.detail).toBe("The operation was cancelled.");
    expect(Buffer.from(response.new_state?.msgpack ?? []).equals(state.msgpack)).toBe(true);
    expect((await done).code).toBe(0);
  });

  test("listens under /tmp when the temporary directory is too deep for a socket", async () => {
    const deep = join(temporaryDirectory(), "d".repeat(50), "e".repeat(50));
    mkdirSync(deep, { recursive: true });
    const { fields, client, done } = await startedPlugin({ TMPDIR: deep });
    expect(fields[3]).toMatch(/^\/tmp\/imagesync-/);
    expect(readdirSync(deep)).toEqual([]);
    await client.unary("/plugin.GRPCController/Shutdown");
    expect((await done).code).toBe(0);
  });

  test("tells a client without certificate, or with another one, nothing", async () => {
    const { fields, client } = await startedPlugin();
    const ca = new X509Certificate(Buffer.from(fields[5] ?? "", "base64")).toString();
    for (const certificate of [undefined, createCertificate()]) {
      const stranger = clientFor(`unix:${fields[3]}`, { certificate, ca });
      await expect(stranger.unary("/tfplugin6.Provider/GetProviderSchema")).rejects.toMatchObject({ code: 14 });
      stranger.close();
    }
    const schema = await client.unary("/tfplugin6.Provider/GetProviderSchema");
    expect(schema.length).toBeGreaterThan(100);
  });
});

describe("a plugin process for debugging", () => {
  test("prints how to attach Terraform, serves, and ends with Ctrl-C", async () => {
    const child = startPlugin({}, "--debug");
    const done = finished(child);
    const line = await new Promise<string>((resolve) => {
      let output = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        const found = /^TF_REATTACH_PROVIDERS='(.*)'$/m.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const attachments = JSON.parse(line) as Record<string, { Pid: number; Addr: { String: string } }>;
    const attachment = attachments["registry.terraform.io/imagesync/toy"];
    expect(attachment).toMatchObject({ Protocol: "grpc", ProtocolVersion: 6, Pid: child.pid, Test: true });
    const client = clientFor(`unix:${attachment?.Addr.String}`);
    cleanUps.push(() => client.close());
    // A Terraform that is attached shuts nothing down.
    await client.unary("/plugin.GRPCController/Shutdown");
    const schema = await client.unary("/tfplugin6.Provider/GetProviderSchema");
    expect(schema.length).toBeGreaterThan(100);
    child.kill("SIGINT");
    expect((await done).code).toBe(0);
    expect(existsSync(attachment?.Addr.String ?? "")).toBe(false);
  });
});

/** A workspace whose terraform starts the toy as an installed provider would be started. */
async function installedWorkspace(environment: NodeJS.ProcessEnv = {}): Promise<Workspace> {
  const directory = temporaryDirectory();
  const launcher = join(directory, "terraform-provider-toy");
  writeFileSync(launcher, `#!/usr/bin/env bash\nexec '${process.execPath}' '${toyMain}'\n`);
  chmodSync(launcher, 0o755);
  const workspace = makeWorkspace({
    cliConfiguration: `
      disable_checkpoint = true
      provider_installation {
        dev_overrides { "registry.terraform.io/imagesync/toy" = ${JSON.stringify(directory)} }
        direct {}
      }
    `,
    environment,
  });
  cleanUps.push(() => workspace.remove());
  return workspace;
}

describe.skipIf(!hasTerraform)("a plugin process under the real terraform", () => {
  test("creates, plans nothing more, and destroys", async () => {
    const watch = await processWatch();
    const workspace = await installedWorkspace({ TOY_WATCH: String(watch.port) });
    workspace.write(`resource "toy_thing" "a" {\n  name = "a"\n  value = "one"\n}\n`);
    expect(await workspace.run("apply", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
    expect(await workspace.run("plan", "-no-color", "-detailed-exitcode")).toMatchObject({ code: 0 });
    expect(await workspace.run("destroy", "-no-color", "-auto-approve")).toMatchObject({ code: 0 });
    expect(readdirSync(workspace.store)).toEqual([]);
    await watch.allEnded();
  });

  test("writes log lines that Terraform reads with their level and fields", async () => {
    const workspace = await installedWorkspace({ TF_LOG_PROVIDER: "DEBUG" });
    workspace.write(`resource "toy_thing" "a" {\n  name = "a"\n}\n`);
    const { output } = await workspace.run("plan", "-no-color");
    expect(output).toMatch(/\[DEBUG\] provider\.terraform-provider-toy: Call answered: .*rpc=PlanResourceChange/);
    expect(output).not.toContain("@message");
  });

  test("stops a running apply on Ctrl-C, which reaches the whole process group", async () => {
    const watch = await processWatch();
    const workspace = await installedWorkspace({ TOY_WATCH: String(watch.port) });
    workspace.write(`resource "toy_thing" "a" {\n  name = "slow"\n}\n`);
    const command = workspace.start("apply", "-no-color", "-auto-approve");
    const result = finished(command);
    await watch.line(/^applying/);
    process.kill(-(command.pid ?? 0), "SIGINT");
    await watch.line(/^aborted/);
    expect((await result).code).toBe(1);
    expect((await result).output).toContain("The operation was cancelled");
    await watch.allEnded();
    expect((await workspace.run("state", "list")).output).toBe("");
  });

  test("aborts its calls and ends when terraform is killed", async () => {
    const watch = await processWatch();
    const workspace = await installedWorkspace({ TOY_WATCH: String(watch.port) });
    workspace.write(`resource "toy_thing" "a" {\n  name = "slow"\n}\n`);
    const command = workspace.start("apply", "-no-color", "-auto-approve");
    const result = finished(command);
    await watch.line(/^applying/);
    command.kill("SIGKILL");
    await watch.line(/^aborted/);
    await watch.allEnded();
    expect((await result).code).toBe(null);
  });
});
