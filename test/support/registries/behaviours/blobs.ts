import { type Behaviour, UNKNOWN_DIGEST, status } from "./behaviour.ts";

/** Reading and deleting blobs. */
export const blobs: readonly Behaviour[] = [
  {
    does: "HEAD tells length and digest, without the bytes",
    ask: async (here) => {
      const { digest } = await here.blob("content");
      const { status, headers, body } = await here.ask("HEAD", `blobs/${digest}`);
      return [status, headers["content-length"], headers["docker-content-digest"] === digest, body.length];
    },
    answer: [200, "7", true, 0],
  },
  {
    does: "a range of a blob can be read, also its end",
    ask: async (here) => {
      const { digest } = await here.blob("0123456789");
      const ranges = await Promise.all(
        ["bytes=2-4", "bytes=7-", "bytes=-2", "bytes=8-99"].map((Range) =>
          here.ask("GET", `blobs/${digest}`, { headers: { Range } }),
        ),
      );
      return ranges.map((answer) => `${answer.status} ${answer.headers["content-range"]} ${answer.text}`);
    },
    answer: ["206 bytes 2-4/10 234", "206 bytes 7-9/10 789", "206 bytes 8-9/10 89", "206 bytes 8-9/10 89"],
  },
  {
    does: "a range behind the end is refused",
    ask: async (here) => {
      const { digest } = await here.blob("0123456789");
      const answer = here.ask("GET", `blobs/${digest}`, { headers: { Range: "bytes=10-" } });
      return answer.then(
        ({ status, headers }) => [status, headers["content-range"]],
        (error: Error) => error.message,
      );
    },
    answer: [416, "bytes */10"],
    // It promises the length of the whole blob with the refusal, sends less and hangs up.
    dockerRegistry: "aborted",
  },
  {
    does: "an unknown blob is not found",
    ask: async (here) => status(here.ask("GET", `blobs/${UNKNOWN_DIGEST}`)),
    answer: [404, "BLOB_UNKNOWN"],
  },
  {
    does: "a deleted blob is not found, and cannot be deleted again",
    ask: async (here) => {
      const { digest } = await here.blob("content");
      const first = await here.ask("DELETE", `blobs/${digest}`);
      const second = await status(here.ask("DELETE", `blobs/${digest}`));
      return [first.status, ...second, ...(await status(here.ask("GET", `blobs/${digest}`)))];
    },
    answer: [202, 404, "BLOB_UNKNOWN", 404, "BLOB_UNKNOWN"],
  },
];
