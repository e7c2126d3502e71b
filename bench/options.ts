import { parseArgs } from "node:util";

/** What the user asked of the bench. */
export interface BenchOptions {
  /** Names of scenarios; empty means all. */
  readonly scenarios: readonly string[];
  /** Timed repetitions of each contestant; undefined leaves it to the scenario. */
  readonly repeat: number | undefined;
  /** Small images and one repetition: shows that the bench works, measures nothing. */
  readonly quick: boolean;
  /** Go on without a peer that cannot be had. */
  readonly allowMissingPeers: boolean;
  /** A Markdown file to write besides standard output. */
  readonly write: string | undefined;
  readonly help: boolean;
}

export const usage = `Usage: node bench/main.ts [options]

Times imagesync beside skopeo, crane and oras in one run, and beside regsync where that is on PATH.

  --scenario NAME         only this scenario; may be repeated
  --repeat N              timed repetitions of each contestant
  --quick                 small images, one repetition: shows that the bench works, measures nothing
  --allow-missing-peers   go on when a peer cannot be had, exit with 0
  --write FILE            write the Markdown report to a file too
`;

/** @throws TypeError for options that do not exist or do not make sense. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenario: { type: "string", multiple: true, default: [] },
      repeat: { type: "string" },
      quick: { type: "boolean", default: false },
      "allow-missing-peers": { type: "boolean", default: false },
      write: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    scenarios: values.scenario,
    repeat: values.repeat === undefined ? undefined : positive(values.repeat),
    quick: values.quick,
    allowMissingPeers: values["allow-missing-peers"],
    write: values.write,
    help: values.help,
  };
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 100) {
    throw new TypeError(`--repeat takes a number from 1 to 100, not ${JSON.stringify(text)}`);
  }
  return number;
}
