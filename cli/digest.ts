import { Command } from "commander";
import { type ConnectionFlags, engineOptions, withConnection } from "./connection.ts";
import type { Invocation } from "./invocation.ts";
import { createProgress } from "./progress.ts";

interface DigestFlags extends ConnectionFlags {
  readonly platform?: string;
  readonly pinned?: boolean;
}

const examples = `
Examples:
  imagesync digest docker.io/library/nginx:1.29
  imagesync digest --platform linux/arm64 docker.io/library/nginx:1.29   (of the image for that platform)
  imagesync digest --pinned docker.io/library/nginx:1.29                 (docker.io/library/nginx@sha256:…)`;

/** `imagesync digest`: what a tag holds now, for scripts. */
export function digestCommand(invocation: Invocation): Command {
  const command = new Command("digest")
    .description("print the digest that a tag holds")
    .argument("<reference>", "registry/repository:tag")
    .option("--platform <platform>", "print the digest of the image for this platform: os/arch[/variant]")
    .option("--pinned", "print the whole reference, pinned by the digest");
  return withConnection(command)
    .addHelpText("after", examples)
    .action((reference: string, flags: DigestFlags) => printDigest(reference, flags, invocation));
}

async function printDigest(text: string, flags: DigestFlags, invocation: Invocation): Promise<void> {
  const { createEngine, formatPlatform, ImagesyncError, parsePlatform, parseLocation, pinned } =
    await import("../engine/index.ts");
  const { stdout, signal } = invocation;
  const reference = parseLocation(text);
  const wanted = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const { onEvent } = createProgress(invocation, { totalBytes: 0, quiet: false });
  const engine = createEngine({ ...(await engineOptions(reference, flags, invocation)), onEvent });
  try {
    const { digest, platforms } = await engine.inspect(reference, {
      platforms: wanted !== undefined,
      side: "source",
      signal,
    });
    const name = wanted && formatPlatform(wanted);
    const found = name === undefined ? digest : platforms?.get(name);
    if (found === undefined) {
      throw new ImagesyncError({
        code: "not-found",
        operation: "find the platform",
        side: "source",
        reference: text,
        message: `Cannot find ${name ?? ""} in "${text}"`,
        hint: `It offers ${[...(platforms?.keys() ?? [])].join(", ") || "no platform"}`,
      });
    }
    stdout.write(`${flags.pinned === true ? pinned(reference, found) : found}\n`);
  } finally {
    await engine.close();
  }
}
