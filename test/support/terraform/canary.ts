/** A secret, by the name that a test reports it with. */
export type Secrets = Readonly<Record<string, string>>;

/**
 * Names of the secrets that a text gives away: as they are, in base64, percent-encoded or escaped, at the beginning of a
 * longer base64 text, and also when terraform has wrapped the line in the middle of them.
 */
export function leaksIn(text: string, secrets: Secrets): readonly string[] {
  const unwrapped = text.replace(/[\s│╷╵]+/g, "");
  return Object.entries(secrets)
    .filter(([, secret]) =>
      disguises(secret).some((disguise) => text.includes(disguise) || unwrapped.includes(disguise.replace(/\s+/g, ""))),
    )
    .map(([name]) => name);
}

function disguises(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    escaped,
    // Terraform shows JSON inside of JSON.
    JSON.stringify(escaped).slice(1, -1),
    encodeURIComponent(secret),
    ...base64(secret),
    Buffer.from(secret).toString("hex"),
  ];
}

/** What base64 makes of a secret, wherever it begins in the text that is encoded; the ends depend on the neighbours. */
function base64(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.from(" ".repeat(offset) + secret);
    const start = Math.ceil((offset * 8) / 6);
    const end = Math.floor((encoded.length * 8) / 6);
    return (["base64", "base64url"] as const).map((form) => encoded.toString(form).slice(start, end));
  });
}
