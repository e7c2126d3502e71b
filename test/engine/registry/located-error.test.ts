import { expect, test } from "vitest";
import { startPair } from "../pair.ts";

test("an answer that is no manifest is reported with its registry, side and reference", async () => {
  const pair = await startPair();
  pair.source.intercept = ({ kind }) =>
    kind === "manifest" ? { respond: { status: 200, body: "<html>" } } : undefined;
  const source = { ...pair.at("team/app:1"), registry: pair.source.host };
  await expect(pair.engine.resolve(source, { side: "source" })).rejects.toMatchObject({
    code: "manifest-invalid",
    side: "source",
    registry: pair.source.host,
    reference: `${pair.source.host}/team/app:1`,
  });
});
