/** The bench: imagesync beside skopeo, crane, oras and regsync in one run. See --help. */
import { writeFile } from "node:fs/promises";
import { layerBlob, pushBlob } from "../test/support/images/index.ts";
import { type Arena, openArena } from "./arena.ts";
import { type Contestant, contestantsFrom, ourselves } from "./contestants.ts";
import { delayLink, measureRoundTrip, measureThroughput } from "./delay-link.ts";
import { deleteScenario, holdDeletes } from "./deletes/scenario.ts";
import { storageRoot } from "./docker-registry.ts";
import type { Scale } from "./fixtures.ts";
import { parseOptions, usage } from "./options.ts";
import { findPeers, peerNames } from "./peers.ts";
import { competes, race } from "./race.ts";
import { type Outcome, heading, section, verdicts } from "./report.ts";
import { type Scenario, scenarios } from "./scenarios.ts";
import { type Tally, tally } from "./tally.ts";

/** Progress goes to standard error: standard output is the report. */
const say = (line: string): boolean => process.stderr.write(`${line}\n`);

const options = parseOptions(process.argv.slice(2));
const names = [...scenarios.map((scenario) => scenario.name), deleteScenario];
const wanted = (name: string): boolean => options.scenarios.length === 0 || options.scenarios.includes(name);
const unknown = options.scenarios.filter((name) => !names.includes(name));
if (options.help || unknown.length > 0) {
  if (unknown.length > 0) say(`No such scenario: ${unknown.join(", ")}`);
  process.stdout.write(`${usage}\nScenarios: ${names.join(", ")}\n`);
  process.exit(options.help ? 0 : 2);
}
process.exitCode = await bench();

async function bench(): Promise<number> {
  const peers = await findPeers(say);
  const missing = peerNames.filter((name) => !peers.has(name));
  if (missing.length > 0 && !options.allowMissingPeers) {
    say(`A bench without ${missing.join(" and ")} does not count. Go on all the same with --allow-missing-peers.`);
    return 1;
  }
  const us = await ourselves();
  if (us === undefined)
    say("SKIPPED: imagesync, because dist/imagesync is not built (make build). Only peers compete.");
  const contestants = [...(us === undefined ? [] : [us]), ...contestantsFrom(peers)];
  if (contestants.length === 0) {
    say("Nobody competes.");
    return 1;
  }

  const parts = [heading(contestants, await storageRoot())];
  if (missing.length > 0) parts.push(`**Without ${missing.join(" and ")}, which could not be had.**`);
  if (options.quick) parts.push("**Quick: small images, one run. These figures mean nothing.**");
  process.stdout.write(`${parts.join("\n\n")}\n\n`);

  const outcomes: Outcome[] = [];
  let failures = 0;
  for (const scenario of scenarios) {
    if (!wanted(scenario.name)) continue;
    say(`${scenario.name} …`);
    try {
      const outcome = await hold(scenario, contestants);
      outcomes.push(outcome);
      failures += outcome.results.filter((result) => result.failure !== undefined).length;
      parts.push(section(outcome));
    } catch (error) {
      failures += 1;
      parts.push(`## ${scenario.name}\n\n**COULD NOT BE HELD: ${(error as Error).message}**`);
    }
    process.stdout.write(`${parts.at(-1) ?? ""}\n\n`);
  }
  if (wanted(deleteScenario)) {
    say(`${deleteScenario} …`);
    try {
      const deletes = await holdDeletes(peers, options);
      for (const failure of deletes.failures) say(`FAILED: ${failure}`);
      failures += deletes.failures.length;
      parts.push(deletes.section);
    } catch (error) {
      failures += 1;
      parts.push(`## ${deleteScenario}\n\n**COULD NOT BE HELD: ${(error as Error).message}**`);
    }
    process.stdout.write(`${parts.at(-1) ?? ""}\n\n`);
  }
  const promises = verdicts(outcomes);
  if (promises !== "") {
    parts.push(promises);
    process.stdout.write(`${promises}\n`);
  }
  if (options.write !== undefined) await writeFile(options.write, `${parts.join("\n\n")}\n`);
  return failures === 0 ? 0 : 1;
}

async function hold(scenario: Scenario, contestants: readonly Contestant[]): Promise<Outcome> {
  const scale: Scale = options.quick ? (bytes) => Math.max(1600, Math.round(bytes / 100)) : (bytes) => bytes;
  const arena = await openArena(scenario, await scenario.fixture(scale));
  try {
    const present = contestants.filter((contestant) => competes(scenario, contestant));
    const notes = scenario.roundTrip === undefined ? [] : [await linkNote(arena, scenario.roundTrip)];
    const repeat = options.repeat ?? (options.quick ? 1 : scenario.repeat);
    const results = await race(scenario, arena, present, repeat);
    for (const { contestant, failure } of results) {
      if (failure !== undefined) say(`FAILED: ${contestant.name} in ${scenario.name}: ${failure}`);
    }
    const tallies = new Map<string, Tally>();
    for (const { contestant, failure } of results) {
      if (!scenario.counted || failure !== undefined) continue;
      tallies.set(contestant.name, await tally(scenario, arena, contestant));
    }
    return { scenario, results, tallies, notes };
  } finally {
    await arena.close();
  }
}

/** What the delay proxy really does, so that nobody takes its limits for those of a client. */
async function linkNote(arena: Arena, roundTrip: number): Promise<string> {
  const link = await delayLink(arena.source, roundTrip);
  try {
    const probe = layerBlob("probe", 200_000_000);
    await pushBlob(probe, { host: arena.source, repository: "probe" });
    const path = `/v2/probe/blobs/${probe.digest}`;
    const direct = await measureThroughput(arena.source, path, 4);
    const through = await measureThroughput(link.host, path, 4);
    const latency = await measureRoundTrip(link.host);
    return (
      `The link: ${latency.toFixed(1)} ms for a request on an open connection, ` +
      `${through.toFixed(0)} MB/s on four connections (${direct.toFixed(0)} MB/s without it).`
    );
  } finally {
    await link.close();
  }
}
