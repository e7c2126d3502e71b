import { defineConfig } from "oxfmt";

const config: ReturnType<typeof defineConfig> = defineConfig({
  printWidth: 120,
  // Templates of Helm are not YAML until they are rendered.
  ignorePatterns: ["dist/**", "coverage/**", "CHANGELOG.md", "deploy/helm/*/templates/**"],
});

export default config;
