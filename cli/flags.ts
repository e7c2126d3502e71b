import { InvalidArgumentError } from "commander";
import { UsageError } from "./usage-error.ts";

/** A user name and its password. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Collects a flag that is repeated, given as a comma list, or both. */
export function collectList(text: string, earlier: readonly string[] = []): readonly string[] {
  const values = text.split(",").map((value) => value.trim());
  if (values.includes("")) throw new InvalidArgumentError("One of the values is empty.");
  return [...earlier, ...values];
}

/**
 * Reads `user:password`; a password may hold colons. Commands call this themselves: what commander finds invalid while
 * it parses, it repeats on the terminal. @throws UsageError
 */
export function parseLogin(text: string, flag: string): Login {
  const colon = text.indexOf(":");
  if (colon < 1) throw new UsageError(`The login for ${flag} has no user`, `Write it as ${flag} user:password`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Reads a TCP port; 0 is any free one. */
export function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new InvalidArgumentError("A port is a number from 0 to 65535; 0 is any free port.");
  }
  return Number(text);
}

/** Reads `true` or `false`, as skopeo's flags take it. */
export function parseSwitch(text: string): boolean {
  if (text !== "true" && text !== "false") throw new InvalidArgumentError("It is true or false.");
  return text === "true";
}

/** Reads how many: a whole number from 1 to 1000. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,2}$|^1000$/.test(text)) throw new InvalidArgumentError("It is a whole number from 1 to 1000.");
  return Number(text);
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads an age such as `12h` or `30d`, as milliseconds. */
export function parseAge(text: string): number {
  const [, number = "", unit = ""] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(ms) || number === "") throw new InvalidArgumentError("An age is written as 90m, 12h or 30d.");
  return ms;
}
