import { writeSync } from "node:fs";

/** Severity of a log line, least first, as Terraform's log viewer names them. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Details of a log line. Values become strings: Terraform shows JSON numbers as floats (`5.06e+07`). */
type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes log lines in the form Terraform reads from a provider's standard error. */
export interface Logger {
  trace(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
  /** The text without secrets, by the hook given at creation. Everything that is shown to a user passes through it. */
  redact(text: string): string;
}

/** Options of {@link createLogger}, all optional. */
export interface LoggerOptions {
  /** Receives each line, without its line break. Default: standard error, written synchronously. */
  readonly write?: ((line: string) => void) | undefined;
  /** Removes secrets from a text. It sees messages and field values before they are encoded or cut. Default: none. */
  readonly redact?: ((text: string) => string) | undefined;
  /** Least severity that is written. Default: "trace". */
  readonly level?: LogLevel | undefined;
  /** Shown by Terraform in front of the message. Default: "imagesync". */
  readonly module?: string | undefined;
}

const order: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** go-plugin splits lines over 64 KiB, and the pieces lose their level. */
const maxLineBytes = 60 * 1024;
/** Characters kept of a message and of one field; an escaped character takes up to six bytes of the line. */
const maxMessageCharacters = 16 * 1024;
const maxFieldCharacters = 4 * 1024;

/**
 * A logger whose lines are JSON objects in hclog's form: `@level`, `@message`, `@module`, `@timestamp` and one key per
 * field, all of them strings (another type in `@message` makes Terraform itself panic).
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const write = options.write ?? writeToStandardError;
  const redact = options.redact ?? ((text) => text);
  const least = order.indexOf(options.level ?? "trace");
  const module = options.module ?? "imagesync";

  const loggerWith = (inherited: LogFields): Logger => {
    const at =
      (level: LogLevel) =>
      (message: string, fields: LogFields = {}): void => {
        if (order.indexOf(level) < least) return;
        const head = {
          "@level": level,
          "@message": cut(redact(message), maxMessageCharacters),
          "@module": module,
          "@timestamp": timestamp(new Date()),
        };
        write(encode(head, { ...inherited, ...fields }, redact));
      };
    return {
      trace: at("trace"),
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (fields) => loggerWith({ ...inherited, ...fields }),
      redact,
    };
  };
  return loggerWith({});
}

/**
 * The level to write at, from TF_LOG_PROVIDER or TF_LOG. Terraform drops what is below that level, and everything when
 * neither is set; then only warnings and errors are written, for its crash report.
 */
export function levelFromEnvironment(environment: NodeJS.ProcessEnv): LogLevel {
  const wanted = (environment["TF_LOG_PROVIDER"] || environment["TF_LOG"] || "").toLowerCase();
  if (wanted === "json") return "trace";
  return order.find((level) => level === wanted) ?? (wanted === "" || wanted === "off" ? "warn" : "trace");
}

function encode(head: Record<string, string>, fields: LogFields, redact: (text: string) => string): string {
  const texts: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    // A field may not pose as one of the four keys that Terraform interprets.
    texts[key.replace(/^@+/, "")] = cut(redact(String(value)), maxFieldCharacters);
  }
  const line = JSON.stringify({ ...texts, ...head });
  if (Buffer.byteLength(line) <= maxLineBytes) return line;
  const short = JSON.stringify({ ...head, truncated: "fields" });
  if (Buffer.byteLength(short) <= maxLineBytes) return short;
  return JSON.stringify({ ...head, "@message": cut(head["@message"] ?? "", 4 * 1024), truncated: "message, fields" });
}

function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters)}… (${text.length - characters} more)`;
}

/** hclog's layout wants exactly six fraction digits; with another number Terraform shows the whole line raw. */
function timestamp(now: Date): string {
  return now.toISOString().replace("Z", "000Z");
}

/** Synchronous, because `process.exit` loses what an asynchronous stream still holds. */
function writeToStandardError(line: string): void {
  const bytes = Buffer.from(`${line}\n`);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let written = 0;
  let refusals = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(2, bytes, written);
    } catch (error) {
      // A full pipe that does not block gets a short while to drain. Any other failure (EPIPE: Terraform was killed)
      // loses the line: nobody is left to read it, and a log line must not end an apply.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || refusals++ > 100) return;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}
