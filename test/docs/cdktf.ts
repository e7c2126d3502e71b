import { expect } from "vitest";
import { openProject } from "../cdktf/example.ts";
import type { Handler } from "./handler.ts";

/** The programs of docs/guides/cdktf.md. */
export const constructsHandler: Handler = {
  proves: "CDKTF programs pass the compiler and are synthesised to what the document says",
  blocks: ["docs/guides/cdktf.md > Every image of a stack > 1", "docs/guides/cdktf.md > Images by hand > 1"],
  needs: [],
  async run([stack, byHand]) {
    for (const library of ["cdktf", "cdktn"] as const) {
      const aspect = await (await openProject(library, stack?.text ?? "")).synth();
      const mirrors = Object.entries(aspect.resource["imagesync"] ?? {});
      expect(mirrors.map(([, { source, destination }]) => [source, destination])).toEqual([
        ["docker.io/library/nginx:1.27", "registry.example.com/mirror/library/nginx:1.27"],
      ]);
      const deployment = JSON.stringify(aspect.resource["kubernetes_deployment_v1"]);
      expect(deployment).toContain(`"image":"\${imagesync.${mirrors[0]?.[0]}.id}"`);
      const constructs = await (await openProject(library, byHand?.text ?? "")).synth();
      expect(constructs.resource).toMatchObject({
        imagesync: { nginx: { destination: "registry.example.com/web/nginx:1.27" } },
        imagesync_repository: { redis: { destination: "registry.example.com/mirror/library/redis", range: ">=7 <9" } },
      });
    }
    for (const block of [stack, byHand]) await (await openProject("cdktf", block?.text ?? "")).check();
  },
};
