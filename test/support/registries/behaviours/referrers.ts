import { type Behaviour, CONFIG, UNKNOWN_DIGEST } from "./behaviour.ts";
import { digestOf, imageOf, OCI_IMAGE } from "../protocol-steps.ts";

/** Subjects and what refers to them. */
export const referrers: readonly Behaviour[] = [
  {
    does: "a manifest may refer to one that is missing, and the answer says so",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      const subject = { mediaType: OCI_IMAGE, digest: UNKNOWN_DIGEST, size: 3 };
      const put = await here.manifest("tag", imageOf(config, [], { subject }));
      return [put.status, put.headers["oci-subject"]];
    },
    answer: [201, UNKNOWN_DIGEST],
    dockerRegistry: [201, undefined],
  },
  {
    does: "what refers to a manifest is listed until it is deleted, by type if asked",
    ask: async (here) => {
      const subject = await here.image("tag");
      const config = await here.blob("{}");
      const signature = (text: string): string =>
        JSON.stringify(imageOf({ ...config, mediaType: text }, [], { subject }));
      for (const type of ["application/a", "application/b"])
        await here.manifest(digestOf(signature(type)), signature(type));
      const list = async (query: string): Promise<unknown> => {
        const answer = await here.ask("GET", `referrers/${subject.digest}${query}`);
        if (answer.status !== 200) return answer.status;
        const { manifests } = JSON.parse(answer.text) as { manifests: { artifactType: string }[] };
        return [manifests.map((each) => each.artifactType).toSorted(), answer.headers["oci-filters-applied"]];
      };
      const before = [await list(""), await list("?artifactType=application%2Fb")];
      await here.ask("DELETE", `manifests/${digestOf(signature("application/a"))}`);
      return [...before, await list("")];
    },
    answer: [
      [["application/a", "application/b"], undefined],
      [["application/b"], "artifactType"],
      [["application/b"], undefined],
    ],
    dockerRegistry: [404, 404, 404],
  },
];
