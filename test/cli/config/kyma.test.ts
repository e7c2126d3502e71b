import { describe, expect, test } from "vitest";
import { formatReference } from "../../../engine/index.ts";
import { configOf, mistakesIn } from "./content.ts";

const digest = "sha256:31a54a0cf86d7354788a8265f60ae6acb4b348a67efbcf7c1007dd3cf7af05ab";
const prefix = "eu.gcr.io/kyma-project/external/";

async function destinations(content: string, targetRepoPrefix?: string): Promise<readonly string[]> {
  const config = await configOf(content, { targetRepoPrefix });
  expect(config.format).toBe("kyma");
  return config.rules.map(({ rule }) => formatReference(rule.destination));
}

/** A list as the first age wrote it. */
function first(...entries: readonly string[]): string {
  return `targetRepoPrefix: "${prefix}"\nimages:\n${entries.map((entry) => `- ${entry}\n`).join("")}`;
}

describe("a list of Kyma's image-syncer", () => {
  test("K5, K6: of the first age names destinations by its prefix and the source as it is written", async () => {
    const list = first("source: bitnami/keycloak-gatekeeper:9.0.3", "source: busybox:1.31.1", "source: quay.io/a/b:1");
    expect(await destinations(list)).toEqual([
      `${prefix}bitnami/keycloak-gatekeeper:9.0.3`,
      `${prefix}busybox:1.31.1`,
      `${prefix}quay.io/a/b:1`,
    ]);
  });

  test("K5, K6: of the later age takes the prefix of the flag, and library/ for names without a namespace", async () => {
    const list = "images:\n- source: busybox:1.31.1\n- source: bitnami/x:1\n  amd64Only: true\n";
    expect(await destinations(list, prefix)).toEqual([`${prefix}library/busybox:1.31.1`, `${prefix}bitnami/x:1`]);
    expect(await mistakesIn(list)).toEqual(['1:1: "targetRepoPrefix" is missing; give --target-repo-prefix']);
    expect(await mistakesIn('targetRepoPrefix: ""\nimages: []\n')).toEqual([
      '1:1: "targetRepoPrefix" is missing; give --target-repo-prefix',
    ]);
    expect(await destinations(first("source: busybox:1"), "r.example/x/")).toEqual(["r.example/x/busybox:1"]);
  });

  test("K7: names what a digest stands for, and may name what a tag stands for", async () => {
    const tagged = first(
      `source: busybox@${digest}\n  tag: 1.32`,
      "source: nginx:1\n  tag: v1",
      `source: a:2@${digest}\n  tag: "3"`,
    );
    expect(await destinations(tagged)).toEqual([`${prefix}busybox:1.32`, `${prefix}nginx:v1`, `${prefix}a:3`]);
    expect(await mistakesIn(first(`source: busybox@${digest}`))).toEqual([
      expect.stringMatching(/^3:11: "busybox@sha256:.*say in "tag" what it shall be called at the destination$/),
    ]);
  });

  test("K8, K9: fails at a tag that holds something else, by image IDs in the first age and digests in the later one", async () => {
    const early = await configOf(first("source: a/b:1"));
    expect(early.rules[0]?.rule.policy).toEqual({ onConflict: "fail", sameImage: "image-id", referrers: {} });
    const later = await configOf("images: [{source: a/b:1}]\n", { targetRepoPrefix: prefix });
    expect(later.rules[0]?.rule.policy).toEqual({ onConflict: "fail", referrers: {} });
  });

  test("K10: copies images for all platforms, whatever amd64Only says", async () => {
    const { rules, warnings } = await configOf(first("source: a/b:1\n  amd64Only: true"));
    expect(rules[0]?.rule.policy?.platforms).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test("takes an image that is listed twice once, and says so", async () => {
    const list = first("source: a/b:1", "source: c/d:1", "source: a/b:1", "source: a/b:1\n  tag: two");
    const config = await configOf(list);
    expect(config.rules.map(({ rule }) => formatReference(rule.destination))).toEqual([
      `${prefix}a/b:1`,
      `${prefix}c/d:1`,
      `${prefix}a/b:two`,
    ]);
    expect(config.warnings).toEqual(["<stdin>:5:3: this image is listed in line 3 already"]);
  });

  test("K11: says that nothing is signed, for each image that asks for it", async () => {
    const all = `sign: true\n${first("source: a/b:1\n  sign: false", "source: c/d:1")}`;
    expect((await configOf(all)).warnings).toEqual(["<stdin>:6:3: images are not signed here: sign them with cosign"]);
    expect((await configOf(first("source: a/b:1\n  sign: yes"))).warnings).toEqual([
      "<stdin>:4:3: images are not signed here: sign them with cosign",
    ]);
  });

  test.each([
    [
      first("source: localhost:5000/a:1"),
      /^3:3: Invalid image reference "eu\.gcr\.io\/kyma-project\/external\/localhost:5000\/a:1"/,
    ],
    [first("source: A:1"), /^3:3: Invalid image reference "A:1"/],
    [first("tag: a"), /^3:3: "source" is missing/],
    [first("- a"), /^3:3: "an entry of images" must be a map, not a list/],
    ["targetRepoPrefix: x/\nimages: a\n", /^2:9: "images" must be a list/],
    [first("source: a/b:1", "source: a/b:2\n  tag: 1"), /is written by the entry of line 3 too/],
  ])("is refused with the place of the mistake: %j", async (content, expected) => {
    expect((await mistakesIn(content)).join("\n")).toMatch(expected);
  });
});
