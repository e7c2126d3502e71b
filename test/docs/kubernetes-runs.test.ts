import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { documentOf, root } from "./markdown.ts";

interface CronJob {
  readonly spec: {
    readonly startingDeadlineSeconds: number;
    readonly jobTemplate: {
      readonly spec: {
        readonly backoffLimit: number;
        readonly activeDeadlineSeconds: number;
        readonly ttlSecondsAfterFinished: number;
        readonly template: {
          readonly spec: {
            readonly containers: readonly { readonly resources: { readonly limits: { readonly memory: string } } }[];
          };
        };
      };
    };
  };
}

const words = ["never", "once", "twice"];

test("the guide to Kubernetes tells of runs what the CronJob says", () => {
  const { spec } = parse(readFileSync(join(root, "deploy/kustomize/base/cronjob.yaml"), "utf8")) as CronJob;
  const job = spec.jobTemplate.spec;
  const hours = new Map([[6, "six hours"]]).get(job.activeDeadlineSeconds / 3600);
  const days = new Map([[1, "a day later"]]).get(job.ttlSecondsAfterFinished / 86_400);
  const minutes = new Map([[5, "five minutes"]]).get(spec.startingDeadlineSeconds / 60);
  const memory = job.template.spec.containers[0]?.resources.limits.memory.replace("Mi", " MiB");
  const { prose } = documentOf("docs/guides/kubernetes.md");
  expect(prose).toContain(`is tried again ${words[job.backoffLimit]}, each time in a new pod`);
  expect(prose).toContain(`A run ends after ${hours} at most, and is deleted ${days}, with its log`);
  expect(prose).toContain(`could not begin within ${minutes} of its time`);
  expect(prose).toContain(`${memory} are the limit`);
});
