import type { Check, CheckName, Examination, Outcome } from "../engine/index.ts";
import type { OutputFormat } from "./output.ts";
import type { Style } from "./style.ts";

/** Each says by itself how it came out; colour only repeats it. */
const marks: Readonly<Record<Outcome, string>> = { ok: "✓", failed: "✗", warning: "!", unknown: "?" };

const titles: Readonly<Record<CheckName, string>> = {
  dns: "DNS",
  tls: "TLS",
  api: "API",
  family: "Family",
  authentication: "Asks for",
  credential: "Login",
  login: "Accepted",
  pull: "Pull",
  push: "Push",
  mount: "Mount",
  delete: "Delete",
  "tag-delete": "Delete a tag",
  referrers: "Referrers",
  "rate-limit": "Rate limit",
  clock: "Clock",
};

const width = Math.max(...Object.values(titles).map((title) => title.length));

/** A line for each check, and below one that is not well what to do about it; or all of it as one object of JSON. */
export function renderExamination(examination: Examination, format: OutputFormat, style: Style): string {
  if (format === "json") return `${JSON.stringify(examination)}\n`;
  return examination.checks.map((check) => lines(check, style)).join("");
}

function lines({ name, outcome, detail, hint }: Check, style: Style): string {
  const mark = marks[outcome];
  const drawn = outcome === "ok" ? style.good(mark) : outcome === "failed" ? style.bad(mark) : mark;
  const line = `${drawn} ${titles[name].padEnd(width)}  ${detail}\n`;
  return hint === undefined ? line : `${line}  ${" ".repeat(width)}  ${style.dim(hint)}\n`;
}
