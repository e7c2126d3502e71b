/** Takes secrets out of text; one instance guards everything that one client (or one program) says. */
export interface Redactor {
  /** The text without logins in URLs, queries of URLs, authorization values, and every registered secret. */
  redact(text: string): string;
  /** From now on this value is masked wherever it appears, also percent-encoded, in base64 or inside JSON. */
  registerSecret(value: string): void;
  /** As `registerSecret`, for what is configured: nobody mentions it again, and it is good as long as the process lives. */
  keepSecret(value: string): void;
}

const mask = "***";

/** Shorter values can't be told from words: masking them would make every message unreadable and reveal them by that. */
const shortestSecret = 4;

/** So much of a secret is no coincidence, and less than that is of no use to anybody. */
const shortestBeginning = 12;

/** Tokens are minted all the time in a long-living process; the oldest have expired long before they are forgotten. */
const maxSecrets = 4096;

/**
 * A URL, or a path of the registry API, taken whole and then looked into: a pattern that searched for its end and did
 * not find it would start over at every character.
 */
const urlPattern = /(?:\b[a-z][a-z0-9+.-]{0,20}:\/\/|\/v2\/)[^\s"'<>]*/gi;

/** Patterns of secrets that nobody registered, for instance those a server invents. Each is linear. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:bearer|basic)\s+)?[^\s"',;]+/gi, `$1${mask}`],
  [/\b(bearer|basic)(\s+)[a-z0-9._~+/=-]{8,}/gi, `$1$2${mask}`],
  [
    /(["'](?:access_|refresh_|identity|registry|id_)?(?:token|password|secret|auth)["']\s*:\s*)(?:"[^"]*"|'[^']*')/gi,
    `$1${mask}`,
  ],
  [/\b((?:access_|refresh_|id_)?(?:token|password|secret)=)[^\s"',;&}]+/gi, `$1${mask}`],
];

/** Userinfo and query carry rights: logins, upload sessions, signatures of storage. */
function redactUrl(url: string): string {
  const query = url.search(/[?#]/);
  const place = query < 0 ? url : url.slice(0, query);
  const rest = query >= 0 && url.charAt(query) === "?" ? `?${mask}` : "";
  return place.replace(/^([^/]+:\/\/)[^/]*@/, `$1${mask}@`) + rest;
}

/**
 * Masks the beginning of a secret where its rest is missing: registries repeat what they were sent, and their words are
 * cut to a length before they get here.
 */
function withoutBeginning(text: string, secret: string): string {
  if (secret.length <= shortestBeginning) return text;
  const beginning = secret.slice(0, shortestBeginning);
  let clean = "";
  let done = 0;
  for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, done)) {
    clean += text.slice(done, at) + mask;
    done = at + shortestBeginning;
    while (done < text.length && text[done] === secret[done - at]) done += 1;
  }
  return clean + text.slice(done);
}

/** How a secret may be written; none for a value too short to be one. */
function formsOf(value: string): readonly string[] {
  if (value.length < shortestSecret) return [];
  return [
    value,
    // By way of bytes: half a surrogate pair would make encodeURIComponent throw.
    encodeURIComponent(Buffer.from(value).toString()),
    Buffer.from(value).toString("base64"),
    JSON.stringify(value).slice(1, -1),
  ];
}

/** Makes a redactor that knows no secret yet. */
export function createRedactor(): Redactor {
  // A Set keeps the order of insertion: the first is the one that was seen longest ago.
  const secrets = new Set<string>();
  const kept = new Set<string>();
  const remember = (value: string): void => {
    secrets.delete(value);
    secrets.add(value);
    for (const oldest of secrets) {
      if (secrets.size <= maxSecrets) break;
      secrets.delete(oldest);
    }
  };
  return {
    registerSecret: (value) => formsOf(value).forEach(remember),
    keepSecret: (value) => {
      for (const form of formsOf(value)) kept.add(form);
    },
    redact: (text) => {
      let clean = text;
      // The longest first: a secret that contains another one must not leave its rest behind.
      for (const secret of [...kept, ...secrets].sort((a, b) => b.length - a.length)) {
        if (clean.includes(secret)) clean = clean.replaceAll(secret, mask);
        clean = withoutBeginning(clean, secret);
      }
      clean = clean.replaceAll(urlPattern, redactUrl);
      for (const [pattern, replacement] of patterns) clean = clean.replaceAll(pattern, replacement);
      return clean;
    },
  };
}
