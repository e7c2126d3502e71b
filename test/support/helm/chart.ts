import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { requireTool } from "../registries/index.ts";

const root = resolve(import.meta.dirname, "../../..");

/** The chart of the project. */
export const chartDirectory: string = join(root, "deploy/helm/imagesync");

/** What `helm template` is given. */
export interface Rendering {
  /** Default: mirror. */
  readonly release?: string;
  /** Default: tools. */
  readonly namespace?: string;
  /** Files of values, as texts; later ones go before earlier ones. */
  readonly values: readonly string[];
}

/** What came out of a rendering. */
export interface Rendered {
  /** Text of each file below the chart that holds something. */
  readonly files: Readonly<Record<string, string>>;
  /** Values as templates see them; Helm holds these to the schema first. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why there are no files. */
  readonly error?: string;
}

const libraries = "/usr/share/gocode";

/** Go and what Helm's templates are made of, from Debian: sprig and its YAML. Undefined when they are not here. */
export const helmRenderer: string | undefined = ["github.com/Masterminds/sprig", "sigs.k8s.io/yaml"].every((name) =>
  existsSync(join(libraries, "src", name)),
)
  ? requireTool("go")
  : missing();

/**
 * Renders the chart once for each of these, by a program in Go with the parts that Helm's own engine consists of.
 * @param directory of the chart. Default: the project's. @throws Error when the renderer cannot be built, or the chart is none.
 */
export async function renderChart(
  renderings: readonly Rendering[],
  directory: string = chartDirectory,
): Promise<Rendered[]> {
  const program = await (built ??= build());
  const requests = renderings.map(({ release = "mirror", namespace = "tools", values }) => ({
    release,
    namespace,
    values,
  }));
  const child = spawn(program, [directory], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(requests));
  const answers = JSON.parse(await text(child.stdout)) as Partial<Rendered>[];
  return answers.map((answer) => ({ files: {}, values: {}, ...answer }));
}

let built: Promise<string> | undefined;

/** Built once for each state of its source: it takes some seconds. */
async function build(): Promise<string> {
  const source = join(import.meta.dirname, "render.go");
  const hash = createHash("sha256")
    .update(await readFile(source))
    .digest("hex")
    .slice(0, 16);
  const directory = join(root, ".cache/helm-renderer");
  const program = join(directory, hash);
  if (existsSync(program)) return program;
  await mkdir(directory, { recursive: true });
  const temporary = `${program}.${process.pid}`;
  const environment = { ...process.env, GO111MODULE: "off", GOPATH: libraries, GOFLAGS: "", CGO_ENABLED: "0" };
  await promisify(execFile)(helmRenderer ?? "go", ["build", "-o", temporary, source], {
    env: { ...environment, GOCACHE: join(directory, "build") },
  });
  await rename(temporary, program);
  return program;
}

function missing(): undefined {
  if (process.env["CI"] === "true") throw new Error('Libraries of Go are missing: run "make setup-test"');
  return undefined;
}
