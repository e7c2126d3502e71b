import { expect, test } from "vitest";
import { convertText } from "../../../cli/convert/convert-text.ts";

const files = {
  skopeo: "quay.io:\n  images-by-semver:\n    team/app: '>= 1.0, != 1.5.0'\n",
  regsync: `version: 1
sync:
  - source: quay.io/team/app
    target: registry.example.com/app
    type: repository
    tags:
      semverRange: [">=1.0, !=1.5.0"]
`,
};

test.each(Object.entries(files))("a version that a range of %s leaves out is excluded", (from, file) => {
  const { text, warnings } = convertText("file.yaml", file, { to: "native", registry: "registry.example.com" });
  expect({ from, text }).toEqual({ from, text: expect.stringMatching(/range: ">= ?1.0"\n/) as string });
  expect(text).toMatch(/exclude:\n +- 1\.5\.0\n +- v1\.5\.0\n/);
  expect(warnings.filter((line) => line.includes("!="))).toEqual([]);
});
