import * as fc from "fast-check";
import {
  buildIndex,
  bytesBlob,
  descriptorOf,
  manifestOf,
  type TestDescriptor,
  type TestManifest,
  types,
} from "../../support/images/index.ts";

/**
 * What an image is made of, in words: it is what a counterexample shows and what fast-check shrinks.
 */
export type Recipe =
  | { readonly image: string; readonly layers: readonly string[]; readonly docker?: true }
  | { readonly artifact: readonly string[] }
  | { readonly index: readonly Recipe[]; readonly note?: string };

/** So few that each is met again, in indexes and alone, after parts of it are gone. The config of artifacts is `{}`. */
const leaf: fc.Arbitrary<Recipe> = fc.constantFrom<Recipe[]>(
  { image: "x", layers: ["k"] },
  { image: "x", layers: ["k", "l"] },
  { image: "y", layers: ["l", "m"] },
  { image: "y", layers: ["m", "n"], docker: true },
  { image: "z", layers: [] },
  { artifact: ["k"] },
  { artifact: ["w"] },
);
const note = fc.constantFrom("p", "q");
const index = fc.record({ index: fc.array(leaf, { minLength: 1, maxLength: 3 }), note });
const nested = fc.record({ index: fc.array(fc.oneof(leaf, index), { minLength: 1, maxLength: 2 }), note });

/** Anything that a registry holds: an image, an artifact, an index, an index of indexes. */
export const anyRecipe: fc.Arbitrary<Recipe> = fc.oneof(
  { arbitrary: leaf, weight: 3 },
  { arbitrary: index, weight: 3 },
  { arbitrary: nested, weight: 1 },
);

const built = new Map<string, TestManifest>();

/** The image of a recipe; equal recipes give equal digests. */
export function build(recipe: Recipe): TestManifest {
  const key = JSON.stringify(recipe);
  const manifest = built.get(key) ?? buildAnew(recipe);
  built.set(key, manifest);
  return manifest;
}

function buildAnew(recipe: Recipe): TestManifest {
  if ("index" in recipe) {
    return buildIndex({
      children: recipe.index.map(build),
      ...(recipe.note === undefined ? {} : { annotations: { note: recipe.note } }),
    });
  }
  if ("artifact" in recipe) return buildArtifact(recipe.artifact);
  const { config, manifest, layer } = recipe.docker === true ? types.docker : types.oci;
  return assemble(manifest, config, JSON.stringify({ config: recipe.image }), layer, recipe.layers);
}

/** An artifact with the empty config; with a subject it refers to it. */
export function buildArtifact(names: readonly string[], subject?: TestManifest): TestManifest {
  const members = subject === undefined ? {} : { subject: descriptorOf(subject) };
  return assemble(types.oci.manifest, "application/vnd.oci.empty.v1+json", "{}", types.oci.layer, names, {
    artifactType: "application/vnd.example.any",
    ...members,
  });
}

/** An index that names the first of its children without bringing it: registries for mirrors take such ones. */
export function buildSparse(children: readonly TestManifest[]): TestManifest {
  const whole = buildIndex({ children, annotations: { note: "sparse" } });
  return { ...whole, children: children.slice(1) };
}

function assemble(
  mediaType: string,
  configType: string,
  config: string,
  layerType: string,
  names: readonly string[],
  members: object = {},
): TestManifest {
  const configBlob = bytesBlob(config);
  // One of them is named by the other algorithm, as some builders do.
  const blobs = names.map((name) => bytesBlob(`the layer ${name}`, name === "n" ? "sha512" : "sha256"));
  const describe = (type: string, { digest, size }: { digest: string; size: number }): TestDescriptor => ({
    mediaType: type,
    digest,
    size,
  });
  const document = {
    schemaVersion: 2,
    mediaType,
    config: describe(configType, configBlob),
    layers: blobs.map((blob) => describe(layerType, blob)),
    ...members,
  };
  return manifestOf(mediaType, document, { blobs: [configBlob, ...blobs] });
}
