import { defineConfig } from "oxfmt";

const config: ReturnType<typeof defineConfig> = defineConfig({
  printWidth: 120,
  ignorePatterns: ["dist/**", "coverage/**", "CHANGELOG.md"],
});

export default config;
