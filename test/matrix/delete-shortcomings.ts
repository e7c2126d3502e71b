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
    cases: ["deletes off"],
    why: "only the delete itself tells that it is not allowed; the image is put back on its tag, the throw-away manifest stays without one",
  },
];
