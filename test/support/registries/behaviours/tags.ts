import { type Behaviour, status } from "./behaviour.ts";

/** Listing tags. */
export const tags: readonly Behaviour[] = [
  {
    does: "the tags of a repository are listed",
    ask: async (here) => {
      for (const tag of ["v2", "latest", "v10"]) await here.image(tag);
      const { name, tags } = JSON.parse((await here.ask("GET", "tags/list")).text) as { name: string; tags: string[] };
      return [name === here.name, tags.toSorted()];
    },
    answer: [true, ["latest", "v10", "v2"]],
  },
  {
    does: "pages of tags are as long as asked for, in order, and lead to each other",
    ask: async (here) => {
      for (const tag of ["d", "b", "a", "c", "e"]) await here.image(tag);
      const pages: number[] = [];
      const found: string[] = [];
      let path: string | undefined = "tags/list?n=2";
      while (path !== undefined && pages.length < 9) {
        const answer = await here.ask("GET", path);
        const page = (JSON.parse(answer.text) as { tags: string[] }).tags;
        pages.push(page.length);
        found.push(...page);
        path = /^<([^>]+)>; ?rel="next"$/.exec(String(answer.headers["link"] ?? ""))?.[1];
      }
      return [pages, pages.length > 1 ? found.join("") : found.toSorted().join("")];
    },
    answer: [[2, 2, 1], "abcde"],
    // It knows no pages.
    dockerRegistry: [[5], "abcde"],
  },
  {
    does: "a repository that was never pushed to is not found",
    ask: async (here) => status(here.ask("GET", "tags/list")),
    answer: [404, "NAME_UNKNOWN"],
  },
  {
    does: "a repository without tags has an empty list",
    ask: async (here) => {
      const { digest } = await here.image("tag");
      await here.ask("DELETE", `manifests/${digest}`);
      return (JSON.parse((await here.ask("GET", "tags/list")).text) as { tags: unknown }).tags;
    },
    answer: [],
    dockerRegistry: null,
  },
];
