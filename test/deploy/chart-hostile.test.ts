import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { helmRenderer } from "../support/helm/chart.ts";
import { containerOf, contentOf, type KubernetesObject, objectOf, podOf } from "../support/kubernetes/objects.ts";
import { objectsOfChart, patient, valuesText } from "./stage.ts";

/**
 * Pieces that mean something to YAML, to templates, to shells and to Kubernetes; without U+2028 and U+0085, which end a
 * line in YAML 1.1, that Helm writes, and not in 1.2; and without `<no value>`, which Helm leaves out of everything.
 */
const pieces: readonly string[] = [
  ..."' \" \n \t | > % @ ` \\ ~ = , [ ] { } & * ! ?".split(" "),
  ..."é|\u{1F600}|\u00A0|\r\n|\n\n|  |: | #|- |---\n|&a |*a|!!binary |<<|<script>".split("|"),
  ..."{{ .Values }}|{{|}}|$(HOME)|$$|${HOME}|\\n|a".split("|"),
  "a".repeat(90),
  "a b ".repeat(40),
];
/** Texts that one YAML or the other takes for something else. */
const others = "yes|null|on|1e3|0o17|0x1F|0b11|1.10|1_000|12:30|2001-01-01|.inf|+1|=|<<|~|-|12345678901234567890".split(
  "|",
);
const hostile = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((some) => some.join("")) },
  { weight: 1, arbitrary: fc.constantFrom(...others) },
);
/** But for names such as E0: Helm and Kubernetes know that this is no number, the reader of YAML 1.1 in this test does not. */
const variable = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,12}$/).filter((name) => !/^E\d+$/.test(name));
const texts = (key: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> =>
  fc.dictionary(key, hostile, { maxKeys: 4, noNullPrototype: true });

/** Variables that the chart sets itself. */
const own = new Set(["HOME", "DOCKER_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS"]);

/** What a secret of the release holds; nothing when there is none. */
function secret(objects: readonly KubernetesObject[], name: string): Record<string, string> {
  const full = `mirror-imagesync-${name}`;
  return objects.some(({ metadata }) => metadata.name === full) ? contentOf(objects, "Secret", full) : {};
}

function unlessEmpty(key: string, value: string | null): Record<string, string> {
  return value === null || value === "" ? {} : { [key]: value };
}

describe.skipIf(helmRenderer === undefined)("the chart, with hostile values", patient, () => {
  test("hands every text on as it is, into objects that stay valid", async () => {
    const values = fc.record({
      environmentVariables: texts(variable),
      secretEnvironmentVariables: texts(variable),
      arguments: fc.array(hostile, { maxLength: 3 }),
      annotations: texts(fc.stringMatching(/^[a-z]{1,9}$/)),
      podAnnotations: texts(fc.stringMatching(/^[a-z]{1,9}$/)),
      googleApplicationCredentials: fc.option(hostile, { nil: null }),
      dockerConfig: fc.record({ content: fc.option(hostile, { nil: null }) }),
      config: fc.record({
        version: fc.constant(1),
        tags: fc.array(hostile),
        map: texts(hostile.filter((key) => key !== "<<")),
      }),
    });
    await fc.assert(
      fc.asyncProperty(values, async (each) => {
        const { objects } = await objectsOfChart({ values: [valuesText({ command: "sync", ...each })] });
        const env = contentOf(objects, "ConfigMap", "mirror-imagesync-env");
        expect(env).toMatchObject(each.environmentVariables);
        const others = Object.keys(env).filter((name) => !own.has(name) && !(name in each.environmentVariables));
        expect(others).toEqual([]);
        expect(secret(objects, "secret-env")).toEqual(each.secretEnvironmentVariables);
        expect(secret(objects, "gcp-sa")).toEqual(unlessEmpty("key.json", each.googleApplicationCredentials));
        expect(secret(objects, "logins")).toEqual(unlessEmpty(".dockerconfigjson", each.dockerConfig.content));
        const cronJob = objectOf(objects, "CronJob");
        expect(cronJob.metadata.annotations ?? {}).toEqual(each.annotations);
        const template = podOf(cronJob);
        expect(template.metadata.annotations).toMatchObject(each.podAnnotations);
        expect(containerOf(template).args?.slice(3)).toEqual(each.arguments);
        const config = contentOf(objects, "ConfigMap", "mirror-imagesync-config")["imagesync.yaml"] ?? "";
        // Readers of both versions of YAML find the same in it.
        for (const version of ["1.1", "1.2"] as const) expect(parse(config, { version })).toEqual(each.config);
      }),
      { numRuns: 60 },
    );
  });

  test("takes a configuration that is a text as it is, but for the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        hostile.filter((text) => text.trim() !== ""),
        async (config) => {
          const { objects } = await objectsOfChart({ values: [valuesText({ config })] });
          const said = contentOf(objects, "ConfigMap", "mirror-imagesync-config")["imagesync.yaml"] ?? "";
          expect(said).toBe(`${config.replace(/[\t\n\f\r ]+$/, "")}\n`);
        },
      ),
      { numRuns: 60 },
    );
  });
});
