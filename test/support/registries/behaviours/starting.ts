import { type Behaviour, status } from "./behaviour.ts";

/** The base of the protocol, and names. */
export const starting: readonly Behaviour[] = [
  {
    does: "the base says that the protocol is spoken",
    ask: async (here) => {
      const answer = await here.ask("GET", "/v2/");
      return [answer.status, answer.headers["docker-distribution-api-version"]];
    },
    answer: [200, "registry/2.0"],
  },
  {
    does: "a name with capitals is no repository",
    ask: async (here) => status(here.ask("GET", "/v2/Upper/tags/list")),
    answer: [400, "NAME_INVALID"],
    dockerRegistry: [404, ""],
  },
];
