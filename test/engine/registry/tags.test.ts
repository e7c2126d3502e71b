import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../engine/oci/digest.ts";
import { isTag } from "../../../engine/oci/reference.ts";
import { failureOf } from "../failure.ts";
import { scriptedRepository, type ScriptedAnswer } from "./scripted-repository.ts";

function page(tags: unknown, link?: string): ScriptedAnswer {
  return { status: 200, body: JSON.stringify({ name: "team/app", tags }), ...(link ? { headers: { link } } : {}) };
}

const second = "/v2/team/app/tags/list?last=b&n=1000";

describe("tags are listed", () => {
  test.each([
    ["a relative address", `<${second}>; rel="next"`],
    ["without quotes", `<${second}>; rel=next`],
    ["in capitals", `<${second}>; REL="NEXT"`],
    ["with other parameters before", `<${second}>; title="a, b"; rel="next"`],
    ["behind another link", `</v2/team/app/tags/list?n=1000>; rel="first", <${second}>; rel="next"`],
    ["before another link", `<${second}>; rel="next", </elsewhere>; rel="last"`],
    ["an absolute address", `<https://r.example${second}>; rel="next"`],
    ["without a space", `<${second}>;rel="next"`],
    ["as one of several relations", `<${second}>; rel="last next"`],
  ])("over all pages: %s", async (_name, link) => {
    const { repository, requests } = scriptedRepository(page(["a", "b"], link), page(["c"]));
    expect(await repository.tags.list()).toEqual(["a", "b", "c"]);
    expect(requests.map(({ url }) => url)).toEqual(["/v2/team/app/tags/list?n=1000", `https://r.example${second}`]);
  });

  test("over pages whose address has a comma in it", async () => {
    const link = '</v2/team/app/tags/list?token=a,b;c&n=1000>; rel="next"';
    const { repository, requests } = scriptedRepository(page(["a"], link), page(["b"]));
    expect(await repository.tags.list()).toEqual(["a", "b"]);
    expect(requests[1]?.url).toBe("https://r.example/v2/team/app/tags/list?token=a,b;c&n=1000");
  });

  test.each([
    ["another relation", `<${second}>; rel="prev"`],
    ["a relation that begins like it", `<${second}>; rel="nextpage"`],
    ["no relation", `<${second}>`],
    ["no address", 'rel="next"'],
    ["nothing", ""],
    ["half an address", `<${second}; rel="next"`],
  ])("on one page where the header has %s", async (_name, link) => {
    const { repository, requests } = scriptedRepository(page(["a"], link));
    expect(await repository.tags.list()).toEqual(["a"]);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ["null for none", null, []],
    ["an empty list", [], []],
    ["each once", ["a", "b", "a"], ["a", "b"]],
    ["without what is no tag", [null, 1, {}, "", "a b", "../x", `sha256:${"0".repeat(64)}`, "ok", ["x"]], ["ok"]],
    ["names that every object has", ["__proto__", "constructor"], ["__proto__", "constructor"]],
  ])("%s", async (_name, tags, listed) => {
    expect(await scriptedRepository(page(tags)).repository.tags.list()).toEqual(listed);
  });
});

describe("a list of tags that has to be complete", () => {
  test.each<unknown>([1, {}, { name: "a" }, ["a"], "", "a b", "../x", "a".repeat(129), true])(
    "is refused where it names %j",
    async (item) => {
      const { repository } = scriptedRepository(page(["a", item, "b"]));
      expect(await failureOf(() => repository.tags.list({ complete: true }))).toMatchObject({ code: "protocol" });
    },
  );

  test("leaves out what names no tag", async () => {
    const { repository } = scriptedRepository(page([null, "a", `sha256:${"0".repeat(64)}`]));
    expect(await repository.tags.list({ complete: true })).toEqual(["a"]);
  });
});

describe("a list of tags is refused", () => {
  test.each(["", "<html>", "[]", "{}", '{"tags":{}}', '{"tags":"a"}', "null", '{"__proto__":{"tags":["a"]}}'])(
    "when it is %j",
    async (body) => {
      const { repository } = scriptedRepository({ status: 200, body });
      expect(await failureOf(() => repository.tags.list())).toMatchObject({ code: "protocol" });
    },
  );

  test("when its pages go round in a circle", async () => {
    const { repository, requests } = scriptedRepository(page(["a"], `<${second}>; rel="next"`));
    expect(await failureOf(() => repository.tags.list())).toMatchObject({ code: "limit" });
    expect(requests.length).toBeLessThan(4);
  });

  test.each(["<http://[>", "<https://r.example:99999/x>"])("when the next page has no address: %s", async (link) => {
    const { repository } = scriptedRepository(page(["a"], `${link}; rel="next"`));
    expect(await failureOf(() => repository.tags.list())).toMatchObject({ code: "protocol" });
  });

  test.each([
    [404, "not-found"],
    [401, "unauthorized"],
    [500, "unavailable"],
  ])("when the registry answers %i, also on a later page", async (status, code) => {
    for (const before of [[], [page(["a"], `<${second}>; rel="next"`)]]) {
      const [first, ...rest] = [...before, { status }];
      const { repository } = scriptedRepository(first ?? { status }, ...rest);
      expect(await failureOf(() => repository.tags.list())).toMatchObject({ code });
    }
  });
});

test("whatever stands in the Link header, the list is read or refused with an error of ours", async () => {
  const part = fc.constantFrom("<", ">", ";", ",", " ", "rel=", '"next"', "next", "/v2/x", "http://", "?a=b", "[", '"');
  const header = fc.oneof(
    fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(header, fc.array(fc.jsonValue()), async (link, tags) => {
      const { repository } = scriptedRepository({ ...page(tags), headers: { link } }, page([]));
      let listed: string[] = [];
      const error = await failureOf(async () => {
        listed = await repository.tags.list();
      });
      expect(["protocol", "limit", undefined]).toContain(error?.code);
      expect(listed.every(isTag)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test.each([["tags" as const], ["referrers" as const]])(
  "a list of %s whose pages have gigabytes together is not read to its end",
  async (kind) => {
    const padding = " ".repeat(30 * 1024 * 1024);
    const body = Buffer.from(`{"tags":["a"],"manifests":[]${padding}}`);
    const answer = (at: number): ScriptedAnswer => ({
      status: 200,
      body,
      headers: {
        link: `</v2/team/app/${kind}/list?page=${at}>; rel="next"`,
        "content-type": "application/vnd.oci.image.index.v1+json",
      },
    });
    const others = Array.from({ length: 12 }, (_, at) => answer(at));
    const { repository } = scriptedRepository(answer(-1), ...others);
    const listed = kind === "tags" ? repository.tags.list() : repository.referrers.list(digestOf(new Uint8Array()));
    await expect(listed).rejects.toMatchObject({ code: "limit", message: expect.stringContaining("bytes") as string });
  },
);
