/** A family at which removals do not yet come to what they should. */
interface Shortcoming {
  readonly family: string;
  readonly cases: readonly string[];
  /** What happens instead, and that nobody is harmed by it. */
  readonly why: string;
}

/** What the matrix has found and the engine does not do yet; an entry goes when its cases hold. */
export const shortcomings: readonly Shortcoming[] = [
  {
    family: "ghcr",
    cases: ["only tag", "deletes off"],
    why: "the throw-away manifest cannot be deleted; the image is put back on its tag, the other stays without a tag",
  },
  {
    family: "docker-hub, untold",
    cases: [
      "only tag",
      "beside another image",
      "sibling tag",
      "shared layer",
      "index",
      "index, child tagged",
      "child of an index",
      "signed",
      "with an earlier one",
    ],
    why: "as above: a manifest with a tag is not deleted there, and it is not deleted again when it has none any more",
  },
  {
    family: "ecr",
    cases: ["index", "index, child tagged"],
    why: "the index goes with its last tag before its children are known, which stay without a tag",
  },
];
