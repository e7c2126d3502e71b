/** A kind of resource that runs containers. */
export interface Kind {
  readonly type: string;
  /** Folder and class in the bindings of Kubernetes. */
  readonly folder: string;
  readonly name: string;
  /** The arguments around a pod. */
  readonly around: (pod: object) => object;
  /** Where its containers are in what Terraform reads. */
  readonly path: readonly string[];
}

const metadata = { name: "x" };
const template = (pod: object): object => ({ metadata: { labels: { app: "x" } }, spec: pod });
const selector = { matchLabels: { app: "x" } };

const workload = (spec: object) => (pod: object) => ({ metadata, spec: { ...spec, template: template(pod) } });
const deployment = workload({ selector });
const statefulSet = workload({ selector, serviceName: "x" });
const controller = workload({ selector: { app: "x" } });
const job = workload({});
const cronJob = (pod: object): object => ({
  metadata,
  spec: { schedule: "@daily", jobTemplate: { metadata: {}, spec: { template: template(pod) } } },
});
const pod = (spec: object): object => ({ metadata, spec });

const inTemplate = ["spec", "template", "spec"];
const inCronJob = ["spec", "job_template", "spec", "template", "spec"];

function kind(type: string, folder: string, name: string, around: Kind["around"], path: readonly string[]): Kind {
  return { type, folder, name, around, path };
}

/** Every kind that the bindings of Kubernetes have. */
export const kinds: readonly Kind[] = [
  kind("kubernetes_deployment", "deployment", "Deployment", deployment, inTemplate),
  kind("kubernetes_deployment_v1", "deployment-v1", "DeploymentV1", deployment, inTemplate),
  kind("kubernetes_stateful_set", "stateful-set", "StatefulSet", statefulSet, inTemplate),
  kind("kubernetes_stateful_set_v1", "stateful-set-v1", "StatefulSetV1", statefulSet, inTemplate),
  kind("kubernetes_daemonset", "daemonset", "Daemonset", deployment, inTemplate),
  kind("kubernetes_daemon_set_v1", "daemon-set-v1", "DaemonSetV1", deployment, inTemplate),
  kind("kubernetes_job", "job", "Job", job, inTemplate),
  kind("kubernetes_job_v1", "job-v1", "JobV1", job, inTemplate),
  kind("kubernetes_cron_job", "cron-job", "CronJob", cronJob, inCronJob),
  kind("kubernetes_cron_job_v1", "cron-job-v1", "CronJobV1", cronJob, inCronJob),
  kind("kubernetes_pod", "pod", "Pod", pod, ["spec"]),
  kind("kubernetes_pod_v1", "pod-v1", "PodV1", pod, ["spec"]),
  kind("kubernetes_replication_controller", "replication-controller", "ReplicationController", controller, inTemplate),
  kind(
    "kubernetes_replication_controller_v1",
    "replication-controller-v1",
    "ReplicationControllerV1",
    controller,
    inTemplate,
  ),
];
