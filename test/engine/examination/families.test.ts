import { describe, expect, onTestFinished, test } from "vitest";
import { isVendor } from "../../../engine/index.ts";
import { buildImage, push } from "../../support/images/index.ts";
import { profileNames, startProfile } from "../../support/registries/profiles/index.ts";
import { examined, outcomes } from "./examined.ts";

const repository = "team/app";
const cloud = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

/** What is said of a family's registry with one image in it, and what was asked besides reads. */
async function report(name: (typeof profileNames)[number], deletes: boolean): Promise<string> {
  const profile = await startProfile(name, { deletes });
  try {
    const target = { ...(await profile.endpoint(repository)), repository, present: new Set<string>() };
    await push(buildImage({ seed: "examined", layers: [100] }), { ...target, tag: "1" });
    profile.resetCounts();
    const vendor = profile.vendor ?? "";
    const { user: username, password } = profile.login;
    const before = await contents(profile.contents);
    const { checks } = await examined(profile.host, {
      repository,
      login: { kind: "basic", username, password },
      transport: isVendor(vendor) ? { vendor, apiUrl: profile.apiUrl } : {},
      engine: { environment: cloud },
    });
    expect(await contents(profile.contents)).toEqual(before);
    expect(JSON.stringify(checks)).not.toContain(password);
    const lines = checks
      .filter(({ name }) => !["dns", "tls", "clock"].includes(name))
      .map(({ name, outcome, detail }) => `  ${outcome.padEnd(8)}${name.padEnd(15)}${detail}`);
    const written = Object.entries(profile.counts()).filter(([what]) => !/^(?:GET|HEAD) /.test(what));
    return `${name}${deletes ? "" : ", deletes off"}\n${lines.join("\n")}\n  sent: ${written.map(([what, times]) => `${times} × ${what}`).join(", ")}\n`.replaceAll(
      /127\.0\.0\.1:\d+/g,
      "HOST",
    );
  } finally {
    await profile.close();
  }
}

async function contents(of: Awaited<ReturnType<typeof startProfile>>["contents"]): Promise<unknown> {
  return { tags: [...(await of.tags(repository))], manifests: (await of.manifests(repository)).length };
}

test("a repository of Amazon that goes away meanwhile is not made again", async () => {
  const profile = await startProfile("ecr");
  onTestFinished(() => profile.close());
  const target = { ...(await profile.endpoint(repository)), repository, present: new Set<string>() };
  await push(buildImage({ seed: "examined", layers: [100] }), { ...target, tag: "1" });
  profile.resetCounts();
  profile.intercept = ({ method, path }) =>
    method === "POST" && path.includes("/blobs/uploads/")
      ? { respond: { status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}' } }
      : undefined;
  const { user: username, password } = profile.login;
  const found = await examined(profile.host, {
    repository,
    login: { kind: "basic", username, password },
    transport: { vendor: "ecr", apiUrl: profile.apiUrl },
    engine: { environment: cloud },
  });
  expect(outcomes(found)).toMatchObject({ pull: "ok", push: "failed", mount: "failed" });
  expect(profile.requests().filter(({ kind }) => kind === "vendor")).toEqual([]);
});

describe("an examination of every family, as it is played,", () => {
  test("tells what works there and leaves nothing behind", async () => {
    const reports: string[] = [];
    for (const name of profileNames) {
      reports.push(await report(name, true));
      // These have no such switch.
      if (name !== "ghcr") reports.push(await report(name, false));
    }
    await expect(reports.join("\n")).toMatchFileSnapshot("families.txt");
  });
});
