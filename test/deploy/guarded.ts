import { expect } from "vitest";
import { containerOf, type KubernetesObject, podOf } from "../support/kubernetes/objects.ts";

/** What the restricted policy of Kubernetes and reviewers want of a pod, and what goes beyond it. */
export function expectGuarded(object: KubernetesObject): void {
  const template = podOf(object);
  expect(template.spec).toMatchObject({
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: "Never",
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: "RuntimeDefault" },
    },
  });
  const kinds = (template.spec.volumes ?? []).flatMap((volume) => Object.keys(volume));
  expect([...new Set(kinds)].filter((kind) => !harmless.includes(kind))).toEqual([]);
  expect(containerOf(template)).toMatchObject({
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  });
}

/** What volumes of the restricted policy are made of, beside their name; a hostPath is none of them. */
const harmless = ["name", "configMap", "secret", "emptyDir", "persistentVolumeClaim"];

/** How its runs follow one another, and end. */
export const guardedJob = {
  concurrencyPolicy: "Forbid",
  startingDeadlineSeconds: 300,
  successfulJobsHistoryLimit: 3,
  failedJobsHistoryLimit: 3,
  jobTemplate: { spec: { backoffLimit: 2, activeDeadlineSeconds: 21_600, ttlSecondsAfterFinished: 86_400 } },
} as const;
