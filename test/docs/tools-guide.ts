import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { buildPlatformIndex } from "../support/images/index.ts";
import type { Handler } from "./handler.ts";
import { guideBlocks, linesOf, openReader } from "./reader.ts";

const password = "open-sesame";

/** The guide from command line tools: each command of ours, and what it prints. */
export const toolsGuideHandler: Handler = {
  proves: "each command of the guide from crane, skopeo and oras prints what stands below it",
  blocks: guideBlocks(
    "migrating-from-command-line-tools",
    ["Copy", 6],
    ["Platforms", 2],
    ["Look", 2],
    ["Delete", 2],
    ["Files", 2],
    ["Connections and logins", 2],
  ),
  needs: [],
  async run(blocks) {
    const reader = await openReader({
      "docker.io": {},
      "registry.example.com": {},
      "private.example.com": { auth: { kind: "basic", users: { robot: password } } },
    });
    const images = ["nginx:1.29", "nginx:1.30", "redis:6.2", "redis:7.2", "redis:7.4"];
    for (const image of images.map((name) => `docker.io/library/${name}`)) {
      await reader.world.push(image, buildPlatformIndex({ seed: image, layers: [400], shared: 800 }));
    }
    await reader.write("password", password);
    await reader.write("ca.crt", await readFile(reader.world.environment["SSL_CERT_FILE"] ?? "", "utf8"));
    for (let at = 0; at < blocks.length; at += 2) {
      const [commands, shown] = blocks.slice(at, at + 2);
      expect([commands?.language, shown?.language]).toEqual(["sh", "text"]);
      expect(await reader.run(commands?.text)).toEqual(linesOf(shown?.text));
    }
    expect(await reader.world.tags("registry.example.com/mirror/redis")).toEqual(["7.2", "7.4"]);
  },
};
