/** Takes an address apart and decodes each part; undefined where it has another form, or is no UTF-8 when decoded. */
export function addressParts(form: RegExp, path: string): string[] | undefined {
  const match = form.exec(path);
  if (match === null) return undefined;
  try {
    return match.slice(1).map((part: string | undefined) => decodeURIComponent(part ?? ""));
  } catch {
    return undefined;
  }
}

/** The object that a body is; undefined for everything else. */
export function jsonObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
