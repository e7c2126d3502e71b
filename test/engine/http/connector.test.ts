import { expect, test } from "vitest";
import { targetOf } from "../../../engine/http/connector.ts";

test.each([
  ["https://r.example", "r.example", "r.example", ""],
  ["https://r.example:5000", "r.example:5000", "r.example", "5000"],
  ["http://127.0.0.1:80", "127.0.0.1", "127.0.0.1", ""],
  ["https://[::1]:5000", "[::1]:5000", "::1", "5000"],
])("what is connected to for %s is no address in brackets", (origin, host, hostname, port) => {
  expect(targetOf(new URL(origin))).toMatchObject({ host, hostname, port });
});
