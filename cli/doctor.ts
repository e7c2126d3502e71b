import { Command, Option } from "commander";
import type { Examination, Place, Reference } from "../engine/index.ts";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import { Ended } from "./ended.ts";
import { renderExamination } from "./examination-output.ts";
import { exitCodes } from "./exit-codes.ts";
import { parseLogin } from "./flags.ts";
import type { Invocation } from "./invocation.ts";
import type { OutputFormat } from "./output.ts";
import { createStyle } from "./style.ts";
import { UsageError } from "./usage-error.ts";

interface DoctorFlags extends ConnectionFlags {
  readonly readOnly?: boolean;
  readonly output: OutputFormat;
}

const examples = `
A line for each thing: ✓ works, ✗ does not, ! works but should not stay so, ? was not asked or not told. With a
repository it tries there what copies and deletes need, and leaves nothing behind: the upload it opens is cancelled,
and what it deletes has a name that nothing can have. Ends with 1 when something does not work.

Examples:
  imagesync doctor ghcr.io
  imagesync doctor registry.example.com/team/app
  imagesync doctor --read-only docker.io/library/nginx`;

/** `imagesync doctor`: what works at a registry, and what to do about the rest. */
export function doctorCommand(invocation: Invocation): Command {
  const command = new Command("doctor")
    .description("tell what works at a registry, and how to fix the rest")
    .argument("<registry>", "registry, or registry/repository to try what may be done there");
  return withConnection(command)
    .option("--read-only", "open no upload and try no delete")
    .addOption(new Option("-o, --output <format>", "form of the result").choices(["text", "json"]).default("text"))
    .addHelpText("after", examples)
    .action((place: string, flags: DoctorFlags) => examineRegistry(place, flags, invocation));
}

async function examineRegistry(text: string, flags: DoctorFlags, invocation: Invocation): Promise<void> {
  const { createEngine, parseReference } = await import("../engine/index.ts");
  const { creds, ...connection } = flags;
  const place = placeOf(text, parseReference);
  const { registry, repository = "" } = place;
  const options = await engineOptions({ registry, repository, spelled: text }, connection, invocation);
  const login = creds === undefined ? [] : [{ address: addressOf(place), credential: basic(creds), origin: "--creds" }];
  const engine = createEngine({
    ...options,
    credentials: { ...options.credentials, explicit: login },
    // Who examines wants to hear of the first failure, also of a token server's.
    retry: { attempts: 1 },
  });
  let examination: Examination;
  try {
    examination = await engine.examine(place, { readOnly: flags.readOnly, signal: invocation.signal });
  } finally {
    await engine.close();
  }
  const { stdout, environment } = invocation;
  stdout.write(renderExamination(examination, flags.output, createStyle(stdout, environment)));
  if (examination.checks.some(({ outcome }) => outcome === "failed")) throw new Ended(exitCodes.failed);
}

function basic(creds: string): { readonly kind: "basic"; readonly username: string; readonly password: string } {
  return { kind: "basic", ...parseLogin(creds, "--creds") };
}

function addressOf({ registry, repository }: Place): string {
  return repository === undefined ? registry : `${registry}/${repository}`;
}

/** Reads `registry[/repository]`. A word alone is a host here, where a reference would be an image of Docker Hub. */
function placeOf(text: string, parse: (text: string) => Reference): Place {
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  if (!/[.:]/.test(host) && host !== "localhost") {
    throw new UsageError(
      `"${text}" does not start with a registry`,
      "Write it as host[:port] or host[:port]/repository",
    );
  }
  if (slash < 0 || slash === text.length - 1) return { registry: parse(`${host}/any/repository`).registry };
  const { registry, repository, tag, digest } = parse(text);
  if (tag === undefined && digest === undefined) return { registry, repository };
  throw new UsageError(`"${text}" names an image, not a repository`, "Write it without the tag and the digest");
}
