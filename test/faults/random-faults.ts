import type { Intercept } from "../../embedded-registry/index.ts";

/** Numbers between 0 and 1, the same ones for the same seed (mulberry32): a soak that failed can be run again. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How bad a registry is. */
export interface Weather {
  readonly random: () => number;
  /** Of how many requests one opens a window in which everything is answered with 429. */
  readonly requestsPerWindow: number;
  /** How long such a window lasts, in milliseconds. */
  readonly windowMs: number;
  /** Longest delay of an answer, in milliseconds; one in three is delayed. */
  readonly latencyMs: number;
}

/** What goes wrong, and how often of a thousand requests. */
const mishaps: readonly (readonly [number, (random: () => number) => ReturnType<Intercept>])[] = [
  [25, (random) => ({ cutAfterBytes: Math.floor(random() * 400_000) })],
  [20, (random) => ({ cutAfterReceivedBytes: Math.floor(random() * 400_000) })],
  [10, () => ({ respond: { status: 500 } })],
  [10, () => ({ respond: { status: 502, body: "<html>Bad gateway</html>" } })],
  [10, () => ({ respond: { status: 503, headers: { "Retry-After": "0" } } })],
  [10, () => ({ loseAnswer: true })],
];

/** A registry that fails at random, at any request: cuts, errors, lost answers, windows of 429, expired tokens, delays. */
export function badWeather({ random, requestsPerWindow, windowMs, latencyMs }: Weather): Intercept {
  let closedUntil = 0;
  return ({ headers, kind }) => {
    if (performance.now() < closedUntil) return { respond: { status: 429 } };
    if (random() < 1 / requestsPerWindow) closedUntil = performance.now() + windowMs;
    const delayMs = random() < 1 / 3 ? random() * latencyMs : 0;
    const until = delayMs > 0 ? { until: new Promise((resolve) => setTimeout(resolve, delayMs)) } : {};
    if (kind !== "token" && random() < 0.005) return { ...until, respond: expired(headers.host ?? "") };
    let draw = random() * 1000;
    for (const [share, mishap] of mishaps) {
      draw -= share;
      if (draw < 0) return { ...until, ...mishap(random) };
    }
    return until;
  };
}

/** The refusal of a token that was good a moment ago. */
function expired(host: string): NonNullable<NonNullable<ReturnType<Intercept>>["respond"]> {
  const challenge = `Bearer realm="http://${host}/token",service="${host}",error="invalid_token"`;
  return { status: 401, headers: { "WWW-Authenticate": challenge } };
}
