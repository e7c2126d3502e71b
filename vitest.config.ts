import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", "./test/reporter/count-reporter.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make timings noisy.
    maxWorkers: 2,
    coverage: { provider: "v8", include: ["engine/**", "provider-shim/**", "cli/**", "embedded-registry/**"] },
  },
});

export default config;
