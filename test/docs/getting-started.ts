import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { parse } from "yaml";
import type { Block } from "./block.ts";
import { type Desk, openDesk, putProgram } from "./desk.ts";
import type { Handler } from "./handler.ts";
import { substitute } from "./newcomer.ts";
import { startServer } from "./shell.ts";

/** How many blocks there are under each heading, in the order of the tutorial. */
const sections = {
  "Install the provider": 1,
  "Two registries to try with": 3,
  "The first image": 6,
  "What runs it": 2,
  "More images": 6,
  "A registry that asks for a login": 5,
  "The tag moves": 2,
  "Take it away": 3,
} as const;

/** The tutorial in one directory, block by block. Registries of the reader listen on any free port. */
export const gettingStartedHandler: Handler = {
  proves: "the tutorial leads from an empty folder to a pinned image that follows its tag, and takes all away again",
  blocks: Object.entries(sections).flatMap(([heading, count]) =>
    Array.from({ length: count }, (_, at) => `docs/guides/getting-started.md > ${heading} > ${at + 1}`),
  ),
  needs: ["terraform"],
  async run(blocks) {
    const desk = await openDesk({ "docker.io": {} });
    await putProgram(desk, "npx", 'exec "$@"');
    for (const image of ["nginx:1.28", "nginx:1.29", "busybox:1.37", "alpine:3.22"]) {
      await desk.world.push(`docker.io/library/${image}`);
    }
    for (const tag of ["6.2.6", "7.2.9", "7.4.1", "8.0.0"]) await desk.world.push(`docker.io/library/redis:${tag}`);
    const [old, later] = [await digestOf(desk, "1.28"), await digestOf(desk, "1.29")];

    for (const block of blocks) {
      if (block.text.includes(" registry serve ")) await serve(desk, block);
      else await desk.follow(block);
      if (block.text.includes("deployment.yaml")) expect(await imageOfDeployment(desk)).toBe(pinned(old));
    }
    expect(await mirrored(desk, later)).toBe("");
  },
};

function pinned(digest: string): string {
  return `localhost:5001/mirror/nginx@${digest}`;
}

async function digestOf({ world }: Desk, tag: string): Promise<string> {
  return (await world.digest(`docker.io/library/nginx:${tag}`)) ?? "";
}

/** What is left at the reader's own registry after the destroy. */
async function mirrored(desk: Desk, digest: string): Promise<string> {
  return await desk.run(`imagesync digest --plain-http ${pinned(digest)} 2>/dev/null || true`);
}

/** What a cluster would run. */
async function imageOfDeployment({ directory, places }: Desk): Promise<string> {
  const text = await readFile(join(directory, "deployment.yaml"), "utf8");
  const { spec } = parse(text) as {
    spec: { template: { spec: { containers: readonly { image: string }[] } } };
  };
  const image = spec.template.spec.containers[0]?.image ?? "";
  return Object.entries(places).reduce((sum, [printed, real]) => sum.replace(real, printed), image);
}

/** Starts what runs in a terminal of its own; its port stands in for the printed one from then on. */
async function serve(desk: Desk, { text }: Block): Promise<void> {
  const [, port = ""] = /--port (\d+)/.exec(text) ?? [];
  const command = substitute(text.trimEnd(), { [`--port ${port}`]: "--port 0" });
  const environment = { PATH: `${desk.programs}:${process.env["PATH"] ?? ""}` };
  const server = await startServer(command, { home: desk.directory, directory: desk.directory, environment });
  onTestFinished(async () => {
    expect(await server.stop()).toBe(0);
  });
  const [, real = ""] = /^http:\/\/127\.0\.0\.1:(\d+)$/.exec(server.firstLine) ?? [];
  expect(real).not.toBe("");
  desk.places[`localhost:${port}`] = `localhost:${real}`;
}
