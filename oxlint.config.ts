import { defineConfig, type OxlintConfig } from "oxlint";

/**
 * Which rooms a room may import, the table of docs/architecture.md. A room imports those that stand before it in
 * the chain; the comment at an entry says where the chain branches.
 */
const engineRooms: Record<string, string[]> = {
  concurrency: [],
  oci: ["concurrency"],
  credentials: ["concurrency", "oci"],
  select: ["concurrency", "oci"],
  http: ["concurrency", "oci", "credentials"],
  registry: ["concurrency", "oci", "http"],
  layout: ["concurrency", "oci"],
  // The logins and steps that the rooms below hide are its subject.
  examination: ["concurrency", "oci", "credentials", "http", "registry"],
  graph: ["concurrency", "oci", "registry", "layout"],
  // copy and delete never touch http or credentials, nor each other.
  copy: ["concurrency", "oci", "registry", "layout", "graph"],
  delete: ["concurrency", "oci", "registry", "layout", "graph"],
  sign: ["concurrency", "oci", "registry", "layout", "graph"],
  sync: ["concurrency", "oci", "select", "registry", "layout", "graph", "copy", "delete", "sign"],
};

const faces = ["provider-shim", "cdktf", "cli", "service", "controller", "embedded-registry"];

type Override = NonNullable<OxlintConfig["overrides"]>[number];
type Pattern = { group: string[]; message: string };

function restrictImports(files: string[], patterns: Pattern[]): Override {
  return { files, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

const onlyHttpUsesUndici: Pattern = { group: ["undici"], message: "undici lives only in engine/http" };

const roomBoundaries = Object.entries(engineRooms).map(([room, allowed]) => {
  const above = Object.keys(engineRooms).filter((other) => other !== room && !allowed.includes(other));
  return restrictImports(
    [`engine/${room}/**/*.ts`],
    [
      {
        group: [...above.map((other) => `**/${other}/*`), "**/engine.ts", "**/index.ts"],
        message: `engine/${room} stands below these rooms: see docs/architecture.md`,
      },
      {
        group: faces.map((face) => `**/${face}/**`),
        message: "The engine knows no face: see docs/architecture.md",
      },
      ...(room === "http" ? [] : [onlyHttpUsesUndici]),
    ],
  );
});

/**
 * The whole engine would come along in each CDKTF program, where only names are read and no image is copied: cdktf has
 * what it needs of it, and nothing else, in its package.
 */
function engineFilesOf(face: string): readonly string[] {
  return face === "cdktf" ? ["oci/reference.ts", "select/glob.ts"] : ["index.ts"];
}

const faceBoundaries = faces.map((face) =>
  restrictImports(
    [`${face}/**/*.ts`],
    [
      {
        group: ["**/engine/**", ...engineFilesOf(face).map((file) => `!**/engine/${file}`)],
        message: `A face imports engine/${engineFilesOf(face).join(", engine/")} and its own folder only`,
      },
      ...(face === "cli"
        ? []
        : [
            {
              group: faces.filter((other) => other !== face).map((other) => `**/${other}/**`),
              message: "No face imports another; only cli starts the others, lazily",
            },
          ]),
      onlyHttpUsesUndici,
    ],
  ),
);

const config: OxlintConfig = defineConfig({
  plugins: ["typescript", "unicorn", "import", "promise", "vitest", "node", "oxc"],
  categories: { correctness: "error", suspicious: "error" },
  ignorePatterns: ["dist/**", "coverage/**", "node_modules/**", ".cache/**"],
  rules: {
    "import/no-cycle": "error",
    "import/no-default-export": "error",
    "max-lines": ["error", { max: 500 }],
    "no-console": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    "no-await-in-loop": "off",
    "no-shadow": "off",
    "no-underscore-dangle": "off",
    "import/no-unassigned-import": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/no-array-reverse": "off",
    "unicorn/consistent-function-scoping": "off",
    "typescript/no-unsafe-type-assertion": "off",
  },
  overrides: [
    ...roomBoundaries,
    ...faceBoundaries,
    {
      files: ["*.config.ts", "test/reporter/*.ts"],
      rules: { "import/no-default-export": "off" },
    },
    { files: ["tools/**", "bench/**"], rules: { "no-console": "off" } },
    // A construct enters its stack by being made.
    { files: ["examples/cdktf/**"], rules: { "no-new": "off" } },
    {
      files: ["test/**"],
      rules: {
        "max-lines": "off",
        "vitest/expect-expect": ["error", { assertFunctionNames: ["expect", "expect*", "fc.assert"] }],
        "vitest/no-conditional-tests": "off",
        "vitest/require-mock-type-parameters": "off",
        "typescript/no-non-null-assertion": "off",
      },
    },
  ],
});

export default config;
