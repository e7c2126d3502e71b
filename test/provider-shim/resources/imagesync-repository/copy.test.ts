import { expect, test } from "vitest";
import { createRedactor, type Digest, parseDigest } from "../../../../engine/index.ts";
import { createLogger } from "../../../../provider-shim/log.ts";
import type { Context } from "../../../../provider-shim/protocol/context.ts";
import { Diagnostics } from "../../../../provider-shim/protocol/diagnostics.ts";
import { objectValue } from "../../../../provider-shim/protocol/value.ts";
import { copyImages } from "../../../../provider-shim/resources/imagesync-repository/copy.ts";
import { repositorySchema } from "../../../../provider-shim/resources/imagesync-repository/schema.ts";
import { defaults } from "../../../../provider-shim/resources/imagesync-repository/state.ts";
import { startPair } from "../../../engine/pair.ts";
import { buildReferrer } from "../../../support/images/companions.ts";
import { buildImage, push } from "../../../support/images/index.ts";

const { attributes, blocks } = repositorySchema.block;

function context(): Context {
  const redactor = createRedactor();
  const log = createLogger({ write: () => undefined, redact: (text) => redactor.redact(text) });
  return { signal: new AbortController().signal, diagnostics: new Diagnostics(), log };
}

test("each tag is told what became of it, also behind two tags of one signed image", async () => {
  const pair = await startPair();
  const signed = buildImage({ seed: "signed", layers: [500] });
  const other = buildImage({ seed: "other", layers: [500] });
  for (const tag of ["1", "2"]) await pair.seed(signed, "from/app", tag);
  await pair.seed(other, "from/app", "3");
  await push(buildReferrer(signed, "bundle"), { host: pair.source.host, repository: "from/app" });
  const names = [...Object.keys(attributes), ...Object.keys(blocks ?? {})];
  const value = objectValue({
    ...Object.fromEntries(names.map((name) => [name, null])),
    ...defaults,
    source: `${pair.source.host}/from/app`,
    destination: `${pair.destination.host}/to/app`,
  });
  const wish = ({ digest }: { readonly digest: string }): { source: Digest; digest: Digest } => ({
    source: parseDigest(digest),
    digest: parseDigest(digest),
  });
  const wishes = new Map([
    ["1", wish(signed)],
    ["2", wish(signed)],
    ["3", wish(other)],
  ]);
  const provider = {
    engine: pair.engine,
    resolveAtPlan: true,
    deletionPolicy: "delete",
    defaultPlatforms: null,
    unknown: false,
  } as const;
  const { signal } = new AbortController();

  const landings = await copyImages(value, wishes, new Map(), provider, context(), signal);

  expect(landings.map(({ tag, digest, failure }) => [tag, digest, failure])).toEqual([
    ["1", signed.digest, undefined],
    ["2", signed.digest, undefined],
    ["3", other.digest, undefined],
  ]);
});
