import { readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { parse } from "yaml";
import { version } from "../../version.ts";
import { buildImage, push } from "../support/images/index.ts";
import { basicAuthorization } from "../support/registries/index.ts";
import { listen } from "../support/registries/listening-server.ts";
import { releaseFile } from "../release/release-directory.ts";
import { parseMetrics } from "../cli/prometheus.ts";
import type { Block } from "./block.ts";
import { type Desk, openDesk, putProgram } from "./desk.ts";
import type { Handler } from "./handler.ts";

const at = (heading: string, count: number): string[] =>
  Array.from({ length: count }, (_, position) => `docs/guides/ci.md > ${heading} > ${position + 1}`);

const login = { user: "robot", password: "correct horse battery staple" };
const headers = { authorization: basicAuthorization(login) };

/** A step of a job: what it runs, with its variables, and whether it runs after a failure too. */
interface Step {
  readonly run: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly always: boolean;
}

/** The workflows and the scripts for jobs, step by step in a checkout. */
export const ciHandler: Handler = {
  proves: "the steps of the workflows mirror, commit the lock file, end red for a moved tag, and take it when told to",
  blocks: [...at("In CI", 1), ...at("GitHub Actions", 1), ...at("GitLab CI", 1), ...at("Any other job", 2)],
  needs: ["git", "curl"],
  async run([images, github, gitlab, outcomes, later]) {
    const { desk, origin } = await openCheckout([images, github, gitlab]);
    const { world } = desk;
    await world.push("docker.io/library/nginx:1.29");
    await world.push("docker.io/library/redis:7.4.1");
    await world.push("docker.io/library/redis:6.2.6");
    const pushed = await openPushgateway();
    const mirrored = (): Promise<string | undefined> => world.digest("registry.example.com/mirror/nginx:1.29");
    const expressions = {
      "secrets.REGISTRY_PASSWORD": login.password,
      "vars.PUSHGATEWAY": pushed.url,
      "inputs.on_retag || 'fail'": "fail",
    };
    const jobs = workflowSteps(github?.text ?? "", expressions);

    // A pull request: nothing is written.
    const planned = await work(desk, jobs["plan"]);
    expect(planned.failed).toBe(false);
    expect(planned.said).toMatch(/^To copy: 2 images, /m);
    expect(await mirrored()).toBeUndefined();

    // The first night.
    expect((await work(desk, jobs["sync"])).failed).toBe(false);
    const first = await mirrored();
    expect(first).toBeDefined();
    expect(await desk.run(`git -C ${origin} show main:images.lock.yaml`)).toContain(first);
    expect(pushed.metrics().map(({ name }) => name)).toContain("imagesync_policy_last_success_timestamp_seconds");

    // The tag is moved: red, nothing is replaced, and the lock file tells.
    const moved = await world.push("docker.io/library/nginx:1.29", "moved");
    const alarmed = await work(desk, jobs["sync"]);
    expect(alarmed.failed).toBe(true);
    expect(await mirrored()).toBe(first);
    await expect(desk.run(gitlabScript(gitlab, "drift"))).rejects.toThrow(/ended with 4/);
    expect(await desk.run(outcomes?.text ?? "")).toMatch(/^somebody has to look:$/m);

    // Somebody has looked.
    const accepting = workflowSteps(github?.text ?? "", { ...expressions, "inputs.on_retag || 'fail'": "accept" });
    expect((await work(desk, accepting["sync"])).failed).toBe(false);
    expect(await mirrored()).toBe(moved);
    expect(await desk.run(outcomes?.text ?? "")).toBe("in place\n");

    // GitLab's jobs, in the same checkout.
    await world.push("docker.io/library/redis:7.4.2");
    expect(await desk.run(gitlabScript(gitlab, "plan"))).toMatch(/^To copy: 1 image, /m);
    await expect(desk.run(gitlabScript(gitlab, "drift"))).rejects.toThrow(/ended with 2/);
    expect(await desk.run(outcomes?.text ?? "")).toMatch(/^to do:$/m);
    Object.assign(desk.environment, { PUSH_URL: origin, CI_COMMIT_BRANCH: "main" });
    await desk.run(gitlabScript(gitlab, "sync"));
    expect(await world.tags("registry.example.com/mirror/redis")).toEqual(["7.4.1", "7.4.2"]);
    expect(parseMetrics(await readFile(join(desk.directory, "metrics.txt"), "utf8")).length).toBeGreaterThan(3);
    expect(await desk.run(`git -C ${origin} log --format=%s main`)).toContain("[skip ci]");

    await world.push("docker.io/library/redis:8.0.0");
    expect(await desk.run(later?.text ?? "")).toContain("registry.example.com/mirror/redis:8.0.0@sha256:");
  },
};

/** Terraform in a job, from the lock file to the drift check. */
export const ciTerraformHandler: Handler = {
  proves: "the provider is locked for two platforms without a registry, and a job applies by it and tells of drift",
  blocks: at("Terraform", 3),
  // Where there is no apt there is no release: see the Makefile.
  needs: ["terraform", "apt-get"],
  async run([lock, workflow, drift]) {
    const { desk } = await openCheckout([workflow]);
    const digest = await desk.world.push("docker.io/library/nginx:1.29");
    for (const platform of ["linux_amd64", "darwin_arm64"]) {
      const archive = await releaseFile(`${platform}.zip`);
      await symlink(archive, join(desk.directory, basename(archive)));
    }
    await writeFile(join(desk.directory, "main.tf"), configuration);
    await desk.run(lock?.text ?? "");
    const locked = await readFile(join(desk.directory, ".terraform.lock.hcl"), "utf8");
    expect(locked.match(/"h1:/g)).toHaveLength(2);

    const { apply } = workflowSteps(workflow?.text ?? "", {
      "secrets.REGISTRY_PASSWORD": login.password,
      "github.workspace": desk.directory,
    });
    expect(await work(desk, apply)).toMatchObject({ failed: false });
    expect(await desk.world.digest("registry.example.com/mirror/nginx:1.29")).toBe(digest);
    expect(await readFile(join(desk.directory, ".terraform.lock.hcl"), "utf8")).toBe(locked);
    Object.assign(desk.environment, apply?.[0]?.environment);

    expect(await desk.run(drift?.text ?? "")).toBe("");
    const image = buildImage({ seed: "drift", layers: [10] });
    const { host } = desk.world.registry("registry.example.com");
    await push(image, { host, headers, repository: "mirror/nginx", tag: "1.29" });
    expect(await desk.run(drift?.text ?? "")).toContain("# imagesync.nginx will be updated in-place");
    await writeFile(join(desk.directory, "broken.tf"), "resource {\n");
    await expect(desk.run(drift?.text ?? "")).rejects.toThrow(/ended with 1/);
  },
};

const configuration = `terraform {
  required_providers {
    imagesync = { source = "imagesync/imagesync" }
  }
}

variable "registry_password" {
  sensitive = true
}

provider "imagesync" {
  registry_auth {
    address  = "registry.example.com"
    username = "${login.user}"
    password = var.registry_password
  }
}

resource "imagesync" "nginx" {
  source      = "docker.io/library/nginx:1.29"
  destination = "registry.example.com/mirror/nginx:1.29"
}
`;

/** A checkout with these files, of a repository that can be pushed to, on a machine that has what the steps install. */
async function openCheckout(blocks: readonly (Block | undefined)[]): Promise<{ desk: Desk; origin: string }> {
  const users = { [login.user]: login.password };
  const desk = await openDesk({ "docker.io": {}, "registry.example.com": { auth: { kind: "basic", users } } });
  desk.environment["REGISTRY_PASSWORD"] = login.password;
  // It installs nothing, and refuses to do anything else than what the steps ask for.
  await putProgram(desk, "npm", `[ "$*" = "install --global imagesync@${version()}" ]`);
  const origin = join(desk.programs, "../origin.git");
  await desk.run(`git init --quiet --bare --initial-branch=main ${origin} && git clone --quiet ${origin} .`);
  for (const block of blocks) await desk.follow(block);
  await desk.run(
    "git add . && git -c user.name=a -c user.email=a@example.com commit --quiet -m mirror && git push --quiet",
  );
  return { desk, origin };
}

interface Workflow {
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Job {
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly if?: string;
    readonly env?: Readonly<Record<string, string>>;
  }[];
}

/** The actions that only prepare a machine, which the test has prepared. */
const actions = ["actions/checkout@v4", "actions/setup-node@v4", "actions/cache@v4", "hashicorp/setup-terraform@v3"];

/** What the jobs of a workflow run. @throws when an expression has no value here */
function workflowSteps(text: string, expressions: Readonly<Record<string, string>>): Record<string, readonly Step[]> {
  const { jobs } = parse(text) as Workflow;
  const evaluate = (value: string): string =>
    value.replaceAll(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
      const found = expressions[expression];
      if (found === undefined) throw new Error(`What is \${{ ${expression} }} here?`);
      return found;
    });
  const evaluated = (env: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name, evaluate(value)]));
  const steps = Object.entries(jobs).map(([name, job]) => {
    const run = job.steps.flatMap((step): Step[] => {
      if (step.run === undefined) expect(actions).toContain(step.uses);
      const always = step.if === "${{ !cancelled() }}";
      if (step.if !== undefined) expect(always).toBe(true);
      if (step.run === undefined) return [];
      // Values come into a script by variables only: within it an expression would be a hole.
      expect(step.run).not.toContain("${{");
      return [{ run: step.run, environment: { ...evaluated(job.env), ...evaluated(step.env) }, always }];
    });
    return [name, run] as const;
  });
  return Object.fromEntries(steps);
}

/** Runs the steps of a job as a runner does. */
async function work(desk: Desk, steps: readonly Step[] = []): Promise<{ readonly failed: boolean; said: string }> {
  const earlier = { ...desk.environment };
  let failed = false;
  let said = "";
  expect(steps.length).toBeGreaterThan(1);
  for (const { run, environment, always } of steps) {
    if (failed && !always) continue;
    Object.assign(desk.environment, environment);
    try {
      said += await desk.run(run);
    } catch (error) {
      failed = true;
      said += String(error);
    }
    for (const name of Object.keys(environment)) delete desk.environment[name];
    Object.assign(desk.environment, earlier);
  }
  return { failed, said };
}

/** A job of GitLab as one script. */
function gitlabScript(block: Block | undefined, name: string): string {
  const document = parse(block?.text ?? "") as Record<string, Record<string, readonly string[] | undefined>>;
  const lines = [
    ...(document["default"]?.["before_script"] ?? []),
    ...(document[name]?.["script"] ?? []),
    ...(document[name]?.["after_script"] ?? []),
  ];
  expect(lines.length).toBeGreaterThan(1);
  return lines.join("\n");
}

/** Takes what a push gateway takes. */
async function openPushgateway(): Promise<{ readonly url: string; metrics(): ReturnType<typeof parseMetrics> }> {
  let received = "";
  const server = createServer((request, response) => {
    expect(`${request.method} ${request.url}`).toBe("POST /metrics/job/mirror");
    received = "";
    request.setEncoding("utf8").on("data", (text: string) => (received += text));
    request.on("end", () => response.end());
  });
  const listening = await listen(server);
  onTestFinished(() => listening.close());
  return { url: `http://${listening.host}`, metrics: () => parseMetrics(received) };
}
