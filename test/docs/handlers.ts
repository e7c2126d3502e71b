import { airGapHandler } from "./air-gap.ts";
import { importChainHandler, ruleToReportHandler } from "./architecture.ts";
import { ciHandler, ciTerraformHandler } from "./ci.ts";
import { constructsHandler } from "./cdktf.ts";
import {
  carryingHandler,
  deletingHandler,
  examiningHandler,
  manyImagesHandler,
  scriptsHandler,
} from "./command-line.ts";
import { companionsDrawingHandler } from "./companions-drawing.ts";
import { configurationHandler } from "./configuration.ts";
import { copyDrawingHandler, deleteDrawingHandler, memoryDrawingHandler, updateDrawingHandler } from "./drawings.ts";
import { examplesHandler, modulesHandler } from "./examples.ts";
import { convertedGuideHandlers, skopeoSideBySideHandler } from "./converted-guides.ts";
import { firstScreen, firstScreenHandler } from "./first-screen.ts";
import { harborGuideHandler } from "./harbor-guide.ts";
import { imageSyncerGuideHandler, replicantGuideHandler } from "./guides.ts";
import type { Exclusion, Handler } from "./handler.ts";
import { applied, chartHandler, installed, kustomizeHandler } from "./kubernetes.ts";
import { accountsHandler, loginsHandler } from "./logins.ts";
import { demoHandler } from "./make-commands.ts";
import { gettingStartedHandler } from "./getting-started.ts";
import { movedGuideHandlers } from "./moved-guides.ts";
import { pageExampleHandlers, signatureHandler } from "./page-examples.ts";
import { pinnedCreateHandler } from "./pinned-create.ts";
import { quickStartHandler } from "./quick-start.ts";
import { registriesHandler } from "./registries.ts";
import { sheslGuideHandler } from "./shesl-guide.ts";
import { tmaxGuideHandler } from "./tmax-guide.ts";
import { toolsGuideHandler } from "./tools-guide.ts";
import { diagnosticHandler, failureHandlers, usualCommandHandler } from "./troubleshooting.ts";

/** Who executes which block. Each block has one handler here, or stands in {@link exclusions} as a whole. */
export const handlers: readonly Handler[] = [
  firstScreenHandler,
  demoHandler,
  quickStartHandler,
  loginsHandler,
  accountsHandler,
  pinnedCreateHandler,
  sheslGuideHandler,
  ...movedGuideHandlers,
  scriptsHandler,
  manyImagesHandler,
  deletingHandler,
  carryingHandler,
  gettingStartedHandler,
  airGapHandler,
  ciHandler,
  ciTerraformHandler,
  examiningHandler,
  registriesHandler,
  configurationHandler,
  replicantGuideHandler,
  imageSyncerGuideHandler,
  ...convertedGuideHandlers,
  skopeoSideBySideHandler,
  harborGuideHandler,
  tmaxGuideHandler,
  toolsGuideHandler,
  constructsHandler,
  copyDrawingHandler,
  memoryDrawingHandler,
  updateDrawingHandler,
  deleteDrawingHandler,
  companionsDrawingHandler,
  kustomizeHandler,
  chartHandler,
  ruleToReportHandler,
  importChainHandler,
  examplesHandler,
  modulesHandler,
  ...pageExampleHandlers,
  signatureHandler,
  diagnosticHandler,
  usualCommandHandler,
  ...failureHandlers,
];

/** What the documents show and no test executes, printed with every run. */
export const exclusions: readonly Exclusion[] = [
  {
    block: "docs/guides/cdktf.md > CDKTF > 1",
    reason:
      "packages cannot be published and installed here; tests run programs in a project that has the built package",
  },
  {
    block: firstScreen[0],
    part: "kubernetes_deployment_v1.web",
    reason:
      "the kubernetes provider cannot be had without a network; terraform_data takes its place with the same expression, and terraform fmt has read the block",
  },
  {
    block: firstScreen[0],
    part: "docker.io and registry.example.com",
    reason: "tests stay on this machine: registries on 127.0.0.1 take their places, in plain HTTP",
  },
  {
    block: "README.md > imagesync > 3",
    part: "npx",
    reason: "the package cannot be had from npm here; the same program is started as it was built",
  },
  {
    block: "README.md > Quick start > 1",
    reason: "it would build the packages while other tests use them; what it has built is installed and run",
  },
  {
    block: "README.md > Development > 1",
    reason: "make test would run this test; its dry run is read in its place",
  },
  {
    block: "docs/guides/getting-started.md > Install the provider > 1",
    part: "npx",
    reason: "it would ask npm's registry for the package; what it would run is run, from the build",
  },
  ...["GitHub Actions", "GitLab CI"].map((heading) => ({
    block: `docs/guides/ci.md > ${heading} > 1`,
    part: "npm install, and the actions that prepare a runner",
    reason: "they take what they bring from the network; the runner is prepared, and the steps that follow are run",
  })),
  {
    block: applied,
    part: "kubectl apply",
    reason: "there is no cluster; kubectl kustomize makes the objects of it, and what the CronJob's pod runs is run",
  },
  {
    block: installed,
    part: "helm install and helm test",
    reason: "there is no helm; the chart is rendered with these values, and what the CronJob's pod runs is run",
  },
];
