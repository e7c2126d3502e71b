import { expect, test } from "vitest";
import { SingleFlight } from "../../../engine/concurrency/single-flight.ts";

test("callers at the same time share one attempt", async () => {
  const flights = new SingleFlight<string, number>();
  let made = 0;
  const make = async (): Promise<number> => (made += 1);
  const results = await Promise.all([flights.run("a", make), flights.run("a", make), flights.run("b", make)]);
  expect(results).toEqual([1, 1, 2]);
});

test("a failure reaches all who share it and is forgotten", async () => {
  const flights = new SingleFlight<string, number>();
  const fail = (): Promise<number> => {
    throw new Error("thrown at once");
  };
  const failed = await Promise.allSettled([flights.run("a", fail), flights.run("a", fail)]);
  expect(failed.map((result) => result.status)).toEqual(["rejected", "rejected"]);
  expect(await flights.run("a", async () => 7)).toBe(7);
});

test("a result is not remembered", async () => {
  const flights = new SingleFlight<string, number>();
  let made = 0;
  const make = async (): Promise<number> => (made += 1);
  expect(await flights.run("a", make)).toBe(1);
  expect(await flights.run("a", make)).toBe(2);
});
