import { createReadStream } from "node:fs";
import type { Command } from "commander";
import type { ExplicitCredential } from "../engine/index.ts";
import type { SyncConfig } from "./config/sync-config.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { endingWithOne, GoCommand, goSwitch, switchOf, variableOf } from "./predecessors/go-command.ts";
import { type ConnectionsFlags, withConnections } from "./sync/connections.ts";
import type { PlanSummary } from "./sync/plan-summary.ts";
import { colouring, displayFor, type RenderingFlags, withRendering } from "./sync/rendering-flags.ts";
import { UsageError } from "./usage-error.ts";

interface KymaFlags extends ConnectionsFlags, RenderingFlags {
  readonly imagesFile?: string;
  readonly targetKeyFile?: string;
  readonly targetRepoAuthKey?: string;
  readonly accessToken?: string;
  readonly dryRun?: boolean;
  readonly targetRepoPrefix?: string;
  readonly failFast?: boolean;
}

/** Where lists go that do not say it. */
const defaultPrefix = "europe-docker.pkg.dev/kyma-project/prod/external/";

const examples = `
Takes image-syncer's place in jobs as they are, those of both its ages. It is a dry run, which only reads, unless
--dry-run=false says otherwise. An image that is at the destination already and is another one there is a conflict: it
stays, and the command ends with 1. Unlike image-syncer it goes on with the others.

Examples:
  imagesync kyma -i external-images.yaml -t key.json
  imagesync kyma -i external-images.yaml -t key.json --dry-run=false
  imagesync kyma -i external-images.yaml -a "$TOKEN" -r registry.example.com/external/ --dry-run=false`;

/**
 * `imagesync kyma`: the command line of Kyma's image-syncer.
 * @see https://github.com/kyma-project/test-infra/blob/9fd3a5d13f/cmd/image-syncer/README.md
 */
export function kymaCommand(invocation: Invocation): Command {
  const command = new GoCommand("kyma")
    .description("take the place of Kyma's image-syncer: its file, flags, variables and exit codes")
    .option("-i, --images-file <file>", "the list of images [SYNCER_IMAGES_FILE]")
    .option("-t, --target-key-file <file>", "JSON key for the destination [SYNCER_TARGET_KEY_FILE]")
    .option("--target-repo-auth-key <file>", "its later name [SYNCER_TARGET_REPO_AUTH_KEY]")
    .option("-a, --access-token <token>", "in place of a key: a token as it is [SYNCER_ACCESS_TOKEN]")
    .option(
      "-r, --target-repo-prefix <prefix>",
      `what goes before each name [SYNCER_TARGET_REPO_PREFIX] (default: what the file says, else ${defaultPrefix})`,
    )
    .addOption(goSwitch("-d, --dry-run", "only tell what would be done [SYNCER_DRY_RUN] (default: true)"))
    .addOption(goSwitch("--debug", "tell everything [SYNCER_DEBUG]"))
    .option("--fail-fast", "begin nothing more after the first image that fails, as image-syncer did");
  return withRendering(withConnections(command), { debug: false })
    .addHelpText("after", examples)
    .action((flags: KymaFlags) => {
      const coloured = colouring(flags, invocation);
      return endingWithOne(invocation, () => syncImages(flags, coloured));
    });
}

async function syncImages(flags: KymaFlags, invocation: Invocation): Promise<void> {
  const { environment } = invocation;
  const debug = flags.debug ?? switchOf(invocation, "SYNCER_DEBUG") ?? false;
  const dryRun = flags.dryRun ?? switchOf(invocation, "SYNCER_DRY_RUN") ?? true;
  const file = flags.imagesFile ?? variableOf(invocation, "SYNCER_IMAGES_FILE");
  if (file === undefined) throw new UsageError("There is no list of images", "Give it with --images-file");
  const login = await targetLogin(flags, invocation);
  const { readSyncConfig } = await import("./config/read.ts");
  const config = await readSyncConfig(file, {
    format: "kyma",
    environment,
    targetRepoPrefix: flags.targetRepoPrefix ?? variableOf(invocation, "SYNCER_TARGET_REPO_PREFIX"),
    defaultTargetRepoPrefix: defaultPrefix,
  });
  const display = displayFor({ ...flags, debug }, invocation);
  const options = {
    config: { ...config, logins: loginsFor(config, login) },
    connections: flags,
    failFast: flags.failFast ?? false,
    output: flags.output,
    display,
  };
  if (dryRun) {
    display.say("info", "Dry run: nothing is written; --dry-run=false does what is told here");
    const { runPlan } = await import("./sync/run-plan.ts");
    const verbose = flags.verbose === true || debug;
    const exitCode = ({ counts }: PlanSummary): number => codeFor(counts.failed + counts.conflict);
    await runPlan({ ...options, verbose, detailedExitCode: false, exitCode }, invocation);
    return;
  }
  const { runSync } = await import("./sync/run-sync.ts");
  await runSync({ ...options, exitCode: (failures) => codeFor(failures.length) }, invocation);
}

/** Conflicts are failures like others: image-syncer knows no other code. */
function codeFor(failures: number): number {
  return failures > 0 ? exitCodes.failed : exitCodes.ok;
}

type Login = Pick<ExplicitCredential, "credential" | "origin">;

/** The login for the destination: of a key file, else a token. @throws UsageError when there is neither */
async function targetLogin(flags: KymaFlags, invocation: Invocation): Promise<Login> {
  const given = flags.targetRepoAuthKey ?? flags.targetKeyFile;
  const file = given ?? variableOf(invocation, "SYNCER_TARGET_REPO_AUTH_KEY", "SYNCER_TARGET_KEY_FILE");
  if (file !== undefined) {
    const credential = { kind: "basic", username: "_json_key", password: await readKey(file) } as const;
    return { credential, origin: `the key file ${file}` };
  }
  const token = flags.accessToken ?? variableOf(invocation, "SYNCER_ACCESS_TOKEN");
  if (token !== undefined) return { credential: { kind: "registry-token", token }, origin: "the access token" };
  throw new UsageError(
    "There is no login for the destination",
    "Give --target-key-file or --access-token; imagesync sync -c reads the same list with the logins of docker and clouds",
  );
}

/** Keys of Google have two kilobytes. */
const maxKeyBytes = 64 * 1024;

async function readKey(file: string): Promise<string> {
  const bytes = await firstBytes(file).catch(() => undefined);
  const text = bytes?.toString("utf8") ?? "";
  if (bytes !== undefined && bytes.length <= maxKeyBytes && text.trim() !== "") return text;
  const what = bytes === undefined ? "cannot be read" : "is empty or too large";
  throw new UsageError(`The key file "${file}" ${what}`, "Give --target-key-file the JSON key of a service account");
}

/** One byte more than a key may have: a mistaken path may name anything. */
async function firstBytes(file: string): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of createReadStream(file, { end: maxKeyBytes })) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
}

/** The login counts where images are written, not for sources that happen to be in the same registry. */
function loginsFor({ rules, logins }: SyncConfig, login: Login): ExplicitCredential[] {
  const places = new Set(rules.map(({ rule: { destination } }) => `${destination.registry}/${destination.repository}`));
  return [...logins, ...[...places].map((address) => ({ address, ...login }))];
}
