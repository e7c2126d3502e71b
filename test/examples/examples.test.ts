import { execFile } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { codeSpans, documentOf, links, tableUnder } from "../docs/markdown.ts";
import { requireTool } from "../support/registries/index.ts";
import { released } from "../release/release-directory.ts";
import { terraformProgram } from "../support/terraform/index.ts";
import {
  complaint,
  contentOf,
  examplesDirectory,
  folders,
  hasFile,
  missingLines,
  runnable,
  shownBy,
  runExample,
} from "./example.ts";

const execute = promisify(execFile);
const patient = { timeout: 240_000 };

// Two cores: more at a time only wait for each other.
vi.setConfig({ maxConcurrency: 2 });

/** What the Terraform Registry shows in its pages; tested with those. */
const ofPages = ["provider", "resources", "data-sources", "functions"];

describe("the folder of examples", () => {
  const documented = [
    ...folders.filter((name) => hasFile(name, "README.md")),
    ...readdirSync(join(examplesDirectory, "modules")).map((name) => `modules/${name}`),
  ];

  test("has a document in each folder, whose title is its name", () => {
    const others = folders.filter((name) => !hasFile(name, "README.md"));
    expect(others.filter((name) => name !== "modules" && !ofPages.includes(name))).toEqual([]);
    expect(runnable.map((name) => documentOf(`examples/${name}/README.md`).text.split("\n")[0])).toEqual(
      runnable.map((name) => `# ${name}`),
    );
  });

  test("lists all of them in its own document", () => {
    const document = documentOf("examples/README.md");
    const listed = links(document).filter((target) => target.endsWith("/README.md"));
    expect(listed.toSorted()).toEqual(documented.map((name) => `${name}/README.md`).toSorted());
    expect(tableUnder("Examples", document)).toHaveLength(documented.length);
  });

  test("has a script that can be executed, and tests, wherever there is a configuration", () => {
    const configurations = documented.filter((name) => hasFile(name, "main.tf"));
    expect(configurations.length).toBeGreaterThan(0);
    const untested = configurations.filter(
      (name) => !hasFile(name, "tests") || !readdirSync(join(examplesDirectory, name, "tests")).some(isTest),
    );
    const withoutScript = configurations.filter((name) => !name.startsWith("modules/") && !hasFile(name, "run.sh"));
    expect({ untested, withoutScript }).toEqual({ untested: [], withoutScript: [] });
    expect(runnable.filter((name) => (statSync(join(examplesDirectory, name, "run.sh")).mode & 0o111) === 0)).toEqual(
      [],
    );
  });

  test.each(documented.filter((name) => name.startsWith("modules/")))("names every input and output of %s", (name) => {
    const declared = ["variables.tf", "outputs.tf"].flatMap((file) =>
      [...readFileSync(join(examplesDirectory, name, file), "utf8").matchAll(/^(?:variable|output) "(\w+)"/gm)].map(
        ([, word = ""]) => word,
      ),
    );
    const described = codeSpans({ prose: rowsOf(name) });
    expect(declared.filter((word) => !described.includes(word))).toEqual([]);
  });

  test.skipIf(terraformProgram === undefined)("is formatted as terraform fmt would", async () => {
    const { stdout } = await execute("terraform", ["fmt", "-check", "-diff", "-recursive", examplesDirectory]);
    expect(stdout).toBe("");
  });
});

/** The rows of the tables in a document. */
function rowsOf(example: string): string {
  const { text } = documentOf(`examples/${example}/README.md`);
  return text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .join("\n");
}

function isTest(name: string): boolean {
  return name.endsWith(".tftest.hcl");
}

describe.skipIf(terraformProgram === undefined)("an example", patient, () => {
  // The packages that a CDKTF program takes are those of a release.
  const possible = runnable.filter((name) => name !== "cdktf" || released);

  test.concurrent.each(possible)("does what its document says and leaves nothing behind: %s", async (example) => {
    const { command, lines } = shownBy(example);
    expect(command).toBe("./run.sh\n");
    const before = contentOf(example);
    const run = await runExample(example, { command });
    expect(complaint(run, 0)).toBe("");
    const { output } = run;
    expect(missingLines(lines, output)).toEqual([]);
    expect(contentOf(example)).toEqual(before);
    const tested = /^Success! \d+ passed, 0 failed\.$/m.test(output);
    expect(tested).toBe(hasFile(example, "tests"));
  });

  test(
    "pushes images that other programs read, the same content always as the same image",
    { concurrent: true, skip: requireTool("skopeo") === undefined },
    async () => {
      const command = `
        . ../start.sh
        start_registry a
        push "$registry_a/team/app:1" one linux/amd64 linux/s390x
        push "$registry_a/team/app:2" one linux/amd64 linux/s390x
        push "$registry_a/team/app:3" two
        for tag in 1 2 3; do echo "$tag: $(imagesync digest --plain-http "$registry_a/team/app:$tag")"; done
        skopeo copy --quiet --all --src-tls-verify=false "docker://$registry_a/team/app:1" "oci:$scratch/copy:1"
        skopeo inspect --override-arch s390x "oci:$scratch/copy:1"`;
      const run = await runExample("quickstart", { command });
      expect(complaint(run, 0)).toBe("");
      const [one = "", same, other] = [...run.output.matchAll(/^\d: (sha256:.*)$/gm)].map(([, digest]) => digest);
      expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect({ same, differs: other !== one }).toEqual({ same: one, differs: true });
      expect(run.output).toContain('"Architecture": "s390x"');
    },
  );

  test.concurrent("is stopped by Ctrl-C, and everything that it has started with it", async () => {
    let stopped = false;
    const run = await runExample("quickstart", {
      command: "exec ./run.sh",
      onOutput(printed, { pid }) {
        if (stopped || pid === undefined || !printed.includes("$ terraform apply")) return;
        stopped = true;
        process.kill(-pid, "SIGINT");
      },
    });
    expect(complaint(run, 130)).toBe("");
    const { output } = run;
    expect(output).not.toContain("terraform destroy");
  });

  test.concurrent("ends with a failure when a step fails, and leaves nothing behind either", async () => {
    const run = await runExample("quickstart", {
      command: "./run.sh",
      environment: { TERRAFORM: "false" },
    });
    expect(complaint(run, 1)).toBe("");
    const { output } = run;
    expect(output).toContain("$ terraform init\n");
    expect(output).not.toContain("terraform apply");
  });

  test.concurrent("says what is missing when it cannot begin", async () => {
    const run = await runExample("quickstart", {
      command: "./run.sh",
      environment: { TERRAFORM: "no-such-program" },
    });
    expect(complaint(run, 1)).toBe("");
    const { output } = run;
    expect(output).toContain("no-such-program is not on PATH\n");
  });
});

test("a line of a document is missing when it is not printed, or not in that order", () => {
  const output = "one\ntwo 2\nthree\n";
  expect(missingLines(["one", "two …", "three"], output)).toEqual([]);
  expect(missingLines(["three", "two …", "four", "tw"], output)).toEqual(["two …", "four", "tw"]);
});
