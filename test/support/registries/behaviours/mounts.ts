import { type Behaviour, UNKNOWN_DIGEST } from "./behaviour.ts";
import { digestOf, withDigest } from "../protocol-steps.ts";

/** Blobs that come from another repository. */
export const mounts: readonly Behaviour[] = [
  {
    does: "a blob of one repository is not in another",
    ask: async (here, neighbour) => {
      const { digest } = await neighbour.blob("content of the neighbour");
      return [
        (await neighbour.ask("HEAD", `blobs/${digest}`)).status,
        (await here.ask("HEAD", `blobs/${digest}`)).status,
      ];
    },
    answer: [200, 404],
  },
  {
    does: "a blob is mounted from another repository",
    ask: async (here, neighbour) => {
      const { digest } = await neighbour.blob("content of the neighbour");
      const post = await here.ask("POST", `blobs/uploads/?mount=${digest}&from=${neighbour.name}`);
      return [
        post.status,
        post.headers["docker-content-digest"] === digest,
        (await here.ask("HEAD", `blobs/${digest}`)).status,
      ];
    },
    answer: [201, true, 200],
  },
  {
    does: "a mount that cannot be done opens an ordinary session",
    ask: async (here, neighbour) => {
      await neighbour.blob("content of the neighbour");
      const post = await here.ask("POST", `blobs/uploads/?mount=${UNKNOWN_DIGEST}&from=${neighbour.name}`);
      const put = await here.ask("PUT", withDigest(post.headers.location ?? "", digestOf("content")), {
        body: "content",
      });
      return [post.status, put.status];
    },
    answer: [202, 201],
  },
  {
    does: "a mount that does not say from where opens an ordinary session",
    ask: async (here, neighbour) => {
      const { digest } = await neighbour.blob("content of the neighbour");
      return (await here.ask("POST", `blobs/uploads/?mount=${digest}`)).status;
    },
    answer: 202,
  },
  {
    does: "a mounted blob survives the deletion of the original",
    ask: async (here, neighbour) => {
      const { digest } = await neighbour.blob("content of the neighbour");
      await here.ask("POST", `blobs/uploads/?mount=${digest}&from=${neighbour.name}`);
      const deletion = await neighbour.ask("DELETE", `blobs/${digest}`);
      const heads = await Promise.all([neighbour, here].map((each) => each.ask("GET", `blobs/${digest}`)));
      return [deletion.status, ...heads.map((head) => head.status)];
    },
    answer: [202, 404, 200],
  },
];
