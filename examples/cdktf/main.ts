/** A web site and its nightly job, run from your own registry: `node main.ts` writes what Terraform applies to cdktf.out. */
import { CronJobV1 } from "@cdktf/provider-kubernetes/lib/cron-job-v1/index.js";
import { DeploymentV1 } from "@cdktf/provider-kubernetes/lib/deployment-v1/index.js";
import { Manifest } from "@cdktf/provider-kubernetes/lib/manifest/index.js";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider/index.js";
import { App, Aspects, TerraformOutput, TerraformStack } from "cdktf";
import { ImagesyncProvider, MirroredImage, MirroredRepository, MirrorImages } from "imagesync/cdktf";

// Where images come from and where they run from; on your machine these are registries without TLS.
const upstream = process.env["UPSTREAM"] ?? "docker.io";
const registry = process.env["REGISTRY"] ?? "registry.example.com";
const plainHttp = process.env["PLAIN_HTTP"] === "true";

const app = new App();
const stack = new TerraformStack(app, "web");
new KubernetesProvider(stack, "kubernetes", { configPath: "~/.kube/config" });
new ImagesyncProvider(stack, "imagesync", {
  registry: plainHttp ? [upstream, registry].map((address) => ({ address, plainHttp })) : [],
});

// Nothing below says where the images are mirrored: this line does.
Aspects.of(stack).add(new MirrorImages({ prefix: `${registry}/mirror`, platforms: ["linux/amd64"] }));

const labels = { app: "web" };
new DeploymentV1(stack, "web", {
  metadata: { name: "web" },
  spec: {
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        initContainer: [{ name: "prepare", image: `${upstream}/library/busybox:1.37`, command: ["true"] }],
        container: [{ name: "web", image: `${upstream}/library/nginx:1.27` }],
      },
    },
  },
});

new CronJobV1(stack, "report", {
  metadata: { name: "report" },
  spec: {
    schedule: "@daily",
    jobTemplate: {
      metadata: {},
      spec: {
        template: {
          metadata: {},
          spec: { restartPolicy: "Never", container: [{ name: "report", image: `${upstream}/library/busybox:1.37` }] },
        },
      },
    },
  },
});

new Manifest(stack, "debug", {
  manifest: {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "debug", namespace: "default" },
    spec: { containers: [{ name: "debug", image: `${upstream}/library/busybox:1.37`, command: ["sleep", "600"] }] },
  },
});

// What runs elsewhere can be mirrored by hand.
const tool = new MirroredImage(stack, "tool", {
  source: `${upstream}/acme/tool:2`,
  destination: `${registry}/tools/tool:stable`,
});
const versions = new MirroredRepository(stack, "versions", {
  source: `${upstream}/library/nginx`,
  prefix: `${registry}/versions`,
  mode: "highest",
});
new TerraformOutput(stack, "tool_ref", { value: tool.ref });
new TerraformOutput(stack, "tool_digest", { value: tool.digest });
new TerraformOutput(stack, "newest_nginx", { value: versions.highestRef });

app.synth();
