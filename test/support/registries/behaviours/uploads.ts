import { type Behaviour, status } from "./behaviour.ts";
import { digestOf, withDigest } from "../protocol-steps.ts";

/** Upload sessions and their chunks. */
export const uploads: readonly Behaviour[] = [
  {
    does: "an upload session has an address, an identifier and no bytes",
    ask: async (here) => {
      const answer = await here.ask("POST", "blobs/uploads/");
      const { location, range } = answer.headers;
      return [
        answer.status,
        location?.includes(`/v2/${here.name}/blobs/uploads/`),
        range,
        answer.headers["docker-upload-uuid"] !== "",
      ];
    },
    answer: [202, true, "0-0", true],
  },
  {
    does: "a blob that was sent by one PUT is there, byte for byte",
    ask: async (here) => {
      const put = await here.ask("PUT", withDigest(await here.begin(), digestOf("content")), { body: "content" });
      const get = await here.ask("GET", `blobs/${digestOf("content")}`);
      return [put.status, put.headers["docker-content-digest"], get.status, get.text, get.headers["content-length"]];
    },
    answer: [201, digestOf("content"), 200, "content", "7"],
  },
  {
    does: "a blob may have no bytes",
    ask: async (here) => {
      const { digest } = await here.blob("");
      const get = await here.ask("GET", `blobs/${digest}`);
      return [get.status, get.headers["content-length"]];
    },
    answer: [200, "0"],
  },
  {
    does: "a blob may go by sha512",
    ask: async (here) => {
      const { digest } = await here.blob("content", "sha512");
      return (await here.ask("HEAD", `blobs/${digest}`)).status;
    },
    answer: 200,
  },
  {
    does: "bytes that do not have the digest are refused and not kept",
    ask: async (here) => {
      const put = await here.ask("PUT", withDigest(await here.begin(), digestOf("other")), { body: "content" });
      const heads = [digestOf("other"), digestOf("content")].map((digest) => here.ask("HEAD", `blobs/${digest}`));
      return [put.status, put.code, ...(await Promise.all(heads)).map((head) => head.status)];
    },
    answer: [400, "DIGEST_INVALID", 404, 404],
  },
  {
    does: "an upload does not end without a digest",
    ask: async (here) => status(here.ask("PUT", await here.begin(), { body: "content" })),
    answer: [400, "DIGEST_INVALID"],
  },
  {
    does: "chunks add up to a blob, and each answer says how far it is",
    ask: async (here) => {
      const first = await here.ask("PATCH", await here.begin(), chunk("abcd", "0-3"));
      const second = await here.ask("PATCH", first.headers.location ?? "", chunk("ef", "4-5"));
      const put = await here.ask("PUT", withDigest(second.headers.location ?? "", digestOf("abcdef")));
      const get = await here.ask("GET", `blobs/${digestOf("abcdef")}`);
      return [first.status, first.headers.range, second.status, second.headers.range, put.status, get.text];
    },
    answer: [202, "0-3", 202, "0-5", 201, "abcdef"],
  },
  {
    does: "a chunk without Content-Range is added at the end",
    ask: async (here) => {
      const patch = await here.ask("PATCH", await here.begin(), { body: "abcd" });
      const put = await here.ask("PUT", withDigest(patch.headers.location ?? "", digestOf("abcdef")), { body: "ef" });
      return [patch.status, put.status];
    },
    answer: [202, 201],
  },
  {
    does: "a chunk that leaves a gap is refused",
    ask: async (here) => (await here.ask("PATCH", await here.begin(), chunk("ef", "4-5"))).status,
    answer: 416,
    // It adds the bytes wherever it stands, and notices at the end.
    dockerRegistry: 202,
  },
  {
    does: "an old address of a session is refused once the session has moved on",
    ask: async (here) => {
      const old = await here.begin();
      await here.ask("PATCH", old, { body: "abcd" });
      return status(here.ask("PATCH", old, { body: "ef" }));
    },
    answer: [400, "BLOB_UPLOAD_INVALID"],
    dockerRegistry: [404, "BLOB_UPLOAD_INVALID"],
  },
  {
    does: "a whole blob may come with the POST",
    ask: async (here) => {
      const post = await here.ask("POST", `blobs/uploads/?digest=${digestOf("content")}`, { body: "content" });
      return [post.status, (await here.ask("HEAD", `blobs/${digestOf("content")}`)).status];
    },
    answer: [201, 200],
    // It opens a session and drops the bytes.
    dockerRegistry: [202, 404],
  },
  {
    does: "a session says how far it has come",
    ask: async (here) => {
      const patch = await here.ask("PATCH", await here.begin(), { body: "abcd" });
      const get = await here.ask("GET", patch.headers.location ?? "");
      return [get.status, get.headers.range];
    },
    answer: [204, "0-3"],
  },
  {
    does: "a cancelled session is gone",
    ask: async (here) => {
      const location = await here.begin();
      const cancel = await here.ask("DELETE", location);
      return [cancel.status, ...(await status(here.ask("GET", location)))];
    },
    answer: [204, 404, "BLOB_UPLOAD_UNKNOWN"],
  },
  {
    does: "the session of another repository does not exist",
    ask: async (here, neighbour) => {
      const location = (await here.begin()).replace(here.name, neighbour.name);
      return (await here.ask("PUT", withDigest(location, digestOf("content")), { body: "content" })).status;
    },
    answer: 404,
  },
];

function chunk(body: string, range: string): { body: string; headers: Record<string, string> } {
  return { body, headers: { "Content-Range": range, "Content-Type": "application/octet-stream" } };
}
