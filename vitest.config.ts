import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/reporter/count-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make timings noisy.
    maxWorkers: 2,
    // A busy machine and real registries have moments of their own, a broken test fails again. Not while developing.
    retry: process.env["CI"] === "true" ? 1 : 0,
    coverage: { provider: "v8", include: ["engine/**", "provider-shim/**", "cli/**", "embedded-registry/**"] },
  },
});

export default config;
