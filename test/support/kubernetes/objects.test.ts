import { describe, expect, test } from "vitest";
import { readObjects } from "./objects.ts";

const cronJob = (pod: string): string =>
  `apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec:
  schedule: "0 0 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]${pod}}}}}
`;

describe("objects of Kubernetes", () => {
  test("are read from several documents, of which some may be empty", () => {
    const text = `---\n---\n${cronJob("")}---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {c: d}\n`;
    expect(readObjects(text).map(({ kind }) => kind)).toEqual(["CronJob", "ConfigMap"]);
  });

  test.each([
    ["a type that is wrong", cronJob(', enableServiceLinks: "no"'), "enableServiceLinks must be boolean"],
    ["a field that is missing", cronJob(", volumes: [{emptyDir: {}}]"), "must have required property name"],
    ["a field that there is not", cronJob(", serviceAcountName: a"), "CronJob has no field /spec/jobTemplate"],
    ["a field that there is not at the top", `${cronJob("")}specs: {}\n`, "CronJob has no field /specs"],
    ["a key that is there twice", cronJob(", hostname: a, hostname: b"), "Map keys must be unique"],
    [
      "a value that is no text",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {c: 1}\n",
      "must be string",
    ],
    ["a kind that there is not", "apiVersion: v1\nkind: CronJob\nmetadata: {name: b}\n", "v1 CronJob is not known"],
  ])("are refused with %s", (_, text, message) => {
    expect(() => readObjects(text)).toThrow(message);
  });
});
