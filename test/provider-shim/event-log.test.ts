import { expect, onTestFinished, test } from "vitest";
import { memoryStorage, startRegistry } from "../../embedded-registry/index.ts";
import { createRedactor, type EngineEvent, parseReference } from "../../engine/index.ts";
import { configureProvider, type Configured } from "../../provider-shim/configure.ts";
import { logEvent } from "../../provider-shim/event-log.ts";
import { createLogger, type Logger } from "../../provider-shim/log.ts";
import { providerSchema } from "../../provider-shim/provider-schema.ts";
import { objectValue, type Value } from "../../provider-shim/protocol/value.ts";
import { buildImage, push } from "../support/images/index.ts";

interface Notes {
  readonly log: Logger;
  readonly lines: () => readonly Readonly<Record<string, string>>[];
}

function openNotes(redact: (text: string) => string = (text) => text): Notes {
  const lines: string[] = [];
  return {
    log: createLogger({ redact, write: (line) => lines.push(line) }),
    lines: () => lines.map((line) => JSON.parse(line) as Record<string, string>),
  };
}

function configure(log: Logger, redactor: ReturnType<typeof createRedactor>, block: Record<string, Value>): Configured {
  const empty = Object.keys(providerSchema.block.attributes).map((name) => [name, null] as const);
  const options = { environment: {}, userAgent: "test", redactor, log };
  const configured = configureProvider(objectValue({ ...Object.fromEntries(empty), ...block }), options);
  onTestFinished(() => configured.engine.close());
  return configured;
}

test("a mirror that is passed over, and a pause that a registry asks for, are warnings in the log", async () => {
  const registry = await startRegistry({ storage: memoryStorage() });
  onTestFinished(() => registry.close());
  const image = buildImage({ seed: "event-log", layers: [100] });
  await push(image, { host: registry.host, repository: "app", tag: "1" });
  const mirror = await startRegistry({ storage: memoryStorage() });
  onTestFinished(() => mirror.close());
  const redactor = createRedactor();
  mirror.intercept = () => ({ respond: { status: 503 } });
  let refused = false;
  registry.intercept = () => {
    if (refused) return undefined;
    refused = true;
    return { respond: { status: 429, headers: { "Retry-After": "0" } } };
  };
  const { log, lines } = openNotes((text) => redactor.redact(text));
  const { engine } = configure(log, redactor, {
    registry: [
      objectValue({ address: registry.host, plain_http: true, mirrors: [mirror.host] }),
      objectValue({ address: mirror.host, plain_http: true }),
    ],
    retry_min_delay: "1ms",
    retry_max_delay: "2ms",
  });
  await engine.resolve(parseReference(`${registry.host}/app:1`), { side: "source" });
  const warnings = lines().filter((line) => line["@level"] === "warn");
  expect(warnings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ about: "mirror", "@message": expect.stringContaining(mirror.host) as string }),
      expect.objectContaining({ "@message": "Registry asks to slow down", registry: registry.host }),
      expect.objectContaining({ "@message": "Trying again", attempt: "1" }),
    ]),
  );
});

test.each<[EngineEvent, string, string]>([
  [{ kind: "warning", about: "rate-limit", message: "r allows 1 more" }, "warn", "r allows 1 more."],
  [{ kind: "retry", operation: "get", attempt: 1, delayMs: 5, reason: "503" }, "warn", "Trying again"],
  [{ kind: "throttled", registry: "r", delayMs: 5 }, "warn", "Registry asks to slow down"],
  [{ kind: "blob-done", digest: "d", size: 1, how: "copied" }, "debug", "Blob is in place"],
  [{ kind: "manifest-done", digest: "d", tag: "1" }, "debug", "Manifest is in place"],
  [{ kind: "blob-progress", digest: "d", bytes: 1, size: 2 }, "trace", "Blob on its way"],
])("%o is logged as %s", (event, level, message) => {
  const { log, lines } = openNotes();
  logEvent(event, log);
  expect(lines()).toMatchObject([{ "@level": level, "@message": message }]);
});
