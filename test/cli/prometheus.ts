/** One value of a file in the text form of Prometheus. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Reads the text form strictly: each family has HELP, then TYPE, then its samples, all together and once; no series is
 * there twice. @throws with the line that is wrong
 */
export function parseMetrics(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("The last line has no end");
  const samples: Sample[] = [];
  const families = new Set<string>();
  const series = new Set<string>();
  let family = "";
  let typed = false;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\\\|\\n)+$/.exec(line)?.[1];
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:counter|gauge)$/.exec(line)?.[1];
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)$/s.exec(line);
    if (help !== undefined) {
      if (families.has(help)) throw new Error(`A second family: ${line}`);
      families.add(help);
      [family, typed] = [help, false];
    } else if (type !== undefined) {
      if (type !== family || typed) throw new Error(`A type out of place: ${line}`);
      typed = true;
    } else if (sample !== null) {
      const [, name = "", labels = "", value] = sample;
      const key = `${name}{${labels}}`;
      if (name !== family || !typed || series.has(key)) throw new Error(`A sample out of place: ${line}`);
      series.add(key);
      samples.push({ name, labels: parseLabels(labels), value: Number(value) });
    } else throw new Error(`Not understood: ${line}`);
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [all = "", name = "", value = ""] =
      /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/.exec(rest) ?? [];
    if (all === "" || name in labels) throw new Error(`Labels not understood: ${text}`);
    labels[name] = value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(all.length);
  }
  return labels;
}
