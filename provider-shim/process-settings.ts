import { type EngineOptions, parseByteSize, parsePlatform } from "../engine/index.ts";
import type { Diagnostics } from "./protocol/diagnostics.ts";
import { attributePath } from "./protocol/diagnostics.ts";
import type { Block } from "./protocol/schema.ts";
import { isUnknown, type ObjectValue, UNKNOWN, type Value } from "./protocol/value.ts";
import { numberOf } from "./registry-block.ts";
import { parseDuration } from "./timeouts.ts";

/** Stands in for `max_parallel_transfers`, as in scripts that set the number of jobs of their tools. */
const jobsVariable = "IMAGESYNC_JOBS";

/** Settings of the provider block for everything that this configuration does. */
export const processAttributes: Block["attributes"] = {
  default_platforms: {
    type: ["set", "string"],
    optional: true,
    description:
      "The `platforms` of resources that have none of their own, such as `linux/amd64`. Defaults to none: whole images.",
  },
  max_parallel_transfers: {
    type: "number",
    optional: true,
    description: `How many blobs move at the same time, small ones and a few large ones together. Defaults to \`${jobsVariable}\`, else to \`30\`.`,
  },
  max_bandwidth: {
    type: "string",
    optional: true,
    description:
      'Bytes in a second, such as `"50MiB"`, for everything that is received and sent together: a copy moves each byte twice. Defaults to no limit.',
  },
  retries: {
    type: "number",
    optional: true,
    description: "How often a request that failed for a moment is sent again. Defaults to `4`.",
  },
  retry_min_delay: {
    type: "string",
    optional: true,
    description: "The shortest pause before a request is sent again. Defaults to `250ms`.",
  },
  retry_max_delay: {
    type: "string",
    optional: true,
    description:
      "The longest pause before a request is sent again, unless the registry asks for more. Defaults to `30s`.",
  },
  request_timeout: {
    type: "string",
    optional: true,
    description: "How long a registry may be silent before and during an answer. Defaults to `60s`.",
  },
};

const defaultRetries = 4;
const defaultMinDelayMs = 250;
const defaultMaxDelayMs = 30_000;
/** More would not be served at the same time by any registry. */
const maxTransfers = 1000;
const maxRetries = 100;
/** How long a request may go on altogether, where the settings do not make that longer. */
const controlMs = 300_000;
const budgetMs = 120_000;

/** What the settings come to, and what is not given stays at the engine's default. */
export function processSettings(
  config: ObjectValue,
  environment: NodeJS.ProcessEnv,
): Pick<EngineOptions, "maxParallelTransfers" | "maxBandwidth" | "retry" | "timeouts"> {
  const retries = numberOf(config["retries"]);
  const minDelayMs = durationOf(config["retry_min_delay"]);
  const maxDelayMs = durationOf(config["retry_max_delay"]);
  const silenceMs = durationOf(config["request_timeout"]);
  const bandwidth = config["max_bandwidth"];
  // Who asks for more attempts or longer pauses is given the time for them.
  const pausesMs = (retries ?? defaultRetries) * (maxDelayMs ?? Math.max(defaultMaxDelayMs, minDelayMs ?? 0));
  const patientMs = retries === undefined && maxDelayMs === undefined && minDelayMs === undefined ? 0 : pausesMs;
  const tries = (retries ?? defaultRetries) + 1;
  return {
    maxParallelTransfers: numberOf(config["max_parallel_transfers"]) ?? jobsIn(environment),
    maxBandwidth: typeof bandwidth === "string" ? parseByteSize(bandwidth) : undefined,
    retry: {
      ...(retries === undefined ? {} : { attempts: tries }),
      ...(minDelayMs === undefined ? {} : { baseDelayMs: minDelayMs }),
      ...(maxDelayMs === undefined && minDelayMs === undefined
        ? {}
        : { maxDelayMs: maxDelayMs ?? Math.max(defaultMaxDelayMs, minDelayMs ?? 0) }),
      budgetMs: Math.max(budgetMs, patientMs),
    },
    timeouts: {
      ...(silenceMs === undefined ? {} : { headersMs: silenceMs, idleMs: silenceMs }),
      controlMs: Math.max(controlMs, Math.max(budgetMs, patientMs) + tries * (silenceMs ?? 0)),
    },
  };
}

/** The platforms for resources that name none: null for whole images. */
export function defaultPlatforms(config: ObjectValue): Value {
  const platforms = config["default_platforms"];
  if (isUnknown(platforms) || (Array.isArray(platforms) && platforms.some((item) => isUnknown(item)))) return UNKNOWN;
  const names = Array.isArray(platforms) ? platforms.filter((item): item is string => typeof item === "string") : [];
  return names.length === 0 ? null : names.toSorted();
}

/** Reports settings that cannot be used; silent about what is not known yet. */
export function validateProcessSettings(
  config: ObjectValue,
  environment: NodeJS.ProcessEnv,
  diagnostics: Diagnostics,
): void {
  checkWhole("max_parallel_transfers", 1, maxTransfers);
  checkWhole("retries", 0, maxRetries);
  for (const name of ["retry_min_delay", "retry_max_delay", "request_timeout"]) {
    const value = config[name];
    if (typeof value !== "string" || parseDuration(value) !== undefined) continue;
    const detail = `${JSON.stringify(value.slice(0, 100))} is not a duration. Write a number with a unit, such as "250ms", "90s" or "1m", at most "24h".`;
    diagnostics.error(`Invalid ${name}`, detail, attributePath(name));
  }
  const minMs = durationOf(config["retry_min_delay"]);
  const maxMs = durationOf(config["retry_max_delay"]) ?? (minMs === undefined ? undefined : Number.POSITIVE_INFINITY);
  if ((minMs ?? defaultMinDelayMs) > (maxMs ?? defaultMaxDelayMs)) {
    const detail = `"retry_min_delay" is longer than "retry_max_delay". Write the longer of the two as "retry_max_delay".`;
    diagnostics.error("Contradicting delays", detail, attributePath("retry_max_delay"));
  }
  const bandwidth = config["max_bandwidth"];
  if (typeof bandwidth === "string" && parseByteSize(bandwidth) === undefined) {
    const detail = `${JSON.stringify(bandwidth.slice(0, 100))} is not a number of bytes. Write a number with a unit, such as "50MiB" or "1.5GB", for each second.`;
    diagnostics.error("Invalid max_bandwidth", detail, attributePath("max_bandwidth"));
  }
  const platforms = config["default_platforms"];
  for (const name of Array.isArray(platforms) ? platforms : []) {
    if (typeof name !== "string" || isPlatform(name)) continue;
    const detail = `${JSON.stringify(name.slice(0, 100))} is not a platform. Write it as os/arch or os/arch/variant, such as "linux/amd64".`;
    diagnostics.error("Invalid default_platforms", detail, attributePath("default_platforms"));
  }
  const jobs = environment[jobsVariable] ?? "";
  if (jobs !== "" && config["max_parallel_transfers"] === null && jobsIn(environment) === undefined) {
    const detail = `${jobsVariable} is ${JSON.stringify(jobs.slice(0, 100))}. Set it to a whole number from 1 to ${maxTransfers}, or unset it.`;
    diagnostics.error(`Invalid ${jobsVariable}`, detail);
  }

  function checkWhole(name: string, least: number, most: number): void {
    const value = numberOf(config[name]);
    if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
    const detail = `${value} is not possible here. Write a whole number from ${least} to ${most}.`;
    diagnostics.error(`Invalid ${name}`, detail, attributePath(name));
  }
}

function jobsIn(environment: NodeJS.ProcessEnv): number | undefined {
  const text = environment[jobsVariable] ?? "";
  const jobs = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return jobs >= 1 && jobs <= maxTransfers ? jobs : undefined;
}

function durationOf(value: Value | undefined): number | undefined {
  return typeof value === "string" ? parseDuration(value) : undefined;
}

function isPlatform(name: string): boolean {
  try {
    parsePlatform(name);
    return true;
  } catch {
    // Whatever is wrong with it, the message says how to write one.
    return false;
  }
}
