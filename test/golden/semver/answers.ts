import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Questions } from "./questions.ts";

/** What the library that replicant uses answered; masterminds.go says how. */
export interface Answers {
  /** The sha256 of the printed questions. */
  readonly questions: string;
  /** For each tag. */
  readonly tags: readonly TagAnswer[];
  /** For each list. */
  readonly lists: readonly ListAnswer[];
  /** For each pair: negative when the first is the lower one, zero, positive. */
  readonly pairs: readonly number[];
}

/** `-`: no version, `!`: one with an error that is logged, `date`: its major number is above 1024. */
export type TagAnswer = "-" | "!" | "date" | VersionAnswer;

interface VersionAnswer {
  /** Its place in the order of all tags; equal versions have the same. */
  readonly rank: number;
  /** `major.minor.patch`. */
  readonly numbers: string;
  readonly prerelease: string;
}

interface ListAnswer {
  /** The ranks of what is selected, lowest first. */
  readonly ranks: readonly number[];
  /** How many of these are above the highest of the destination; 0 when that has none. */
  readonly higher: number;
}

export function answers(questions: Questions): Answers {
  const file = join(import.meta.dirname, "answers.txt.gz");
  const [digest = "", ...lines] = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  const tags = lines.splice(0, questions.tags.length).map(tagAnswer);
  const lists = lines.splice(0, questions.lists.length).map(listAnswer);
  return { questions: digest, tags, lists, pairs: lines.map(Number) };
}

function tagAnswer(line: string): TagAnswer {
  if (line === "-" || line === "!" || line === "date") return line;
  const [rank, numbers = "", prerelease = ""] = line.split(" ");
  return { rank: Number(rank), numbers, prerelease };
}

function listAnswer(line: string): ListAnswer {
  const [ranks = "", higher] = line.split("|");
  return { ranks: ranks === "" ? [] : ranks.split(" ").map(Number), higher: Number(higher) };
}
