import type { Option } from "commander";

/**
 * Arguments as programs in Go read them, in the form that commander reads the same way: a switch takes its value only
 * behind `=`, never the next word; short flags may stand together and may have `=` before their value. A switch is a
 * flag whose value is optional.
 * @see https://pkg.go.dev/github.com/spf13/pflag#hdr-Command_line_flag_syntax
 */
export function fromGoArguments(argv: readonly string[], options: readonly Option[]): string[] {
  const rest = [...argv];
  const read: string[] = [];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--") return [...read, argument, ...rest];
    if (argument.startsWith("--")) read.push(...longFlag(argument, rest, options));
    else if (/^-./.test(argument)) read.push(...shortFlags(argument.slice(1), rest, options));
    else read.push(argument);
  }
  return read;
}

/**
 * What was meant where a switch is followed by a word for true or false, which Go takes for no part of it:
 * `--dry-run=false` for `--dry-run false`. Undefined where there is none.
 */
export function strayValue(argv: readonly string[], options: readonly Option[]): string | undefined {
  for (const [at, argument] of argv.entries()) {
    if (argument === "--") return undefined;
    const value = argv[at + 1] ?? "";
    if (!/^(?:true|false|yes|no|on|off|[01])$/i.test(value)) continue;
    const option = options.find(({ long, short }) => long === argument || short === argument);
    if (option?.optional === true) return `${argument}=${/^(?:true|yes|on|1)$/i.test(value)}`;
  }
  return undefined;
}

/** One long flag; its value may be the first word of `rest`, which is then taken from there. */
function longFlag(argument: string, rest: string[], options: readonly Option[]): string[] {
  const option = options.find(({ long }) => long === argument);
  if (option?.optional === true) return [`${argument}=true`];
  const value = option?.required === true ? rest.shift() : undefined;
  return [value === undefined ? argument : `${argument}=${value}`];
}

/** Short flags in one word, such as `-de`, `-d=false`, `-cFILE`; the last one's value may be the first word of `rest`. */
function shortFlags(letters: string, rest: string[], options: readonly Option[]): string[] {
  const read: string[] = [];
  for (let at = 0; at < letters.length; at += 1) {
    const option = options.find(({ short }) => short === `-${letters[at]}`);
    // What nobody knows is told by commander.
    if (option === undefined) return [...read, `-${letters.slice(at)}`];
    const name = option.long ?? option.flags;
    const behind = letters.slice(at + 1);
    if (option.required || behind.startsWith("=")) {
      const value = behind === "" ? rest.shift() : behind.replace(/^=/, "");
      return [...read, value === undefined ? name : `${name}=${value}`];
    }
    read.push(option.optional ? `${name}=true` : name);
  }
  return read;
}
