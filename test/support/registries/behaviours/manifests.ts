import { type Behaviour, CONFIG, UNKNOWN_DIGEST, status } from "./behaviour.ts";
import { digestOf, DOCKER_IMAGE, DOCKER_LIST, imageOf, OCI_IMAGE, OCI_INDEX } from "../protocol-steps.ts";

const FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/** Pushing and reading manifests. */
export const manifests: readonly Behaviour[] = [
  {
    does: "a manifest comes back byte for byte, by tag and by digest",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      const document = `${JSON.stringify(imageOf(config, []), undefined, 3)}\n`;
      const put = await here.manifest("tag", document);
      const [byTag, byDigest] = await Promise.all([here.read("tag"), here.read(digestOf(document))]);
      return [
        put.status,
        put.headers["docker-content-digest"] === digestOf(document),
        byTag.text === document,
        byDigest.text === document,
        byTag.headers["content-type"],
      ];
    },
    answer: [201, true, true, true, OCI_IMAGE],
  },
  {
    does: "HEAD tells length, type and digest of a manifest, without the bytes",
    ask: async (here) => {
      const image = await here.image("tag");
      const { status, headers, body } = await here.read("tag", "HEAD");
      return [
        status,
        Number(headers["content-length"]) === image.size,
        headers["docker-content-digest"] === image.digest,
        headers["content-type"],
        body.length,
      ];
    },
    answer: [200, true, true, OCI_IMAGE, 0],
  },
  {
    does: "an unchanged manifest is not sent again",
    ask: async (here) => {
      const { digest } = await here.image("tag");
      const headers = { Accept: OCI_IMAGE, "If-None-Match": `"${digest}"` };
      return (await here.ask("GET", "manifests/tag", { headers })).status;
    },
    answer: 304,
  },
  {
    does: "a tag moves to what was pushed last, and the former manifest stays",
    ask: async (here) => {
      const first = await here.image("tag", "first");
      const second = await here.image("tag", "second");
      const now = await here.read("tag", "HEAD");
      return [now.headers["docker-content-digest"] === second.digest, (await here.read(first.digest, "HEAD")).status];
    },
    answer: [true, 200],
  },
  {
    does: "a manifest that has another digest than its address is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return status(here.manifest(UNKNOWN_DIGEST, imageOf(config, [])));
    },
    answer: [400, "DIGEST_INVALID"],
  },
  {
    does: "a manifest may go by sha512",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      const document = JSON.stringify(imageOf(config, []));
      return (await here.manifest(digestOf(document, "sha512"), document)).status;
    },
    answer: 201,
    dockerRegistry: 400,
  },
  {
    does: "a manifest whose layer is missing is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return status(here.manifest("tag", imageOf(config, [{ ...config, digest: UNKNOWN_DIGEST }])));
    },
    answer: [400, "MANIFEST_BLOB_UNKNOWN"],
  },
  {
    does: "a manifest whose config is missing is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG, digest: UNKNOWN_DIGEST };
      return status(here.manifest("tag", imageOf(config, [])));
    },
    answer: [400, "MANIFEST_BLOB_UNKNOWN"],
  },
  {
    does: "a layer that only another repository has is missing",
    ask: async (here, neighbour) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return status(here.manifest("tag", imageOf(config, [await neighbour.blob("content of the neighbour")])));
    },
    answer: [400, "MANIFEST_BLOB_UNKNOWN"],
  },
  {
    does: "a layer of another size than stated is found out",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return (await here.manifest("tag", imageOf(config, [{ ...config, size: 3 }]))).status;
    },
    answer: 400,
    dockerRegistry: 201,
  },
  {
    does: "an index is kept when its children are there, also one inside another",
    ask: async (here) => {
      const inner = await here.image("child");
      const index = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner] });
      const child = { mediaType: OCI_INDEX, digest: digestOf(index), size: index.length };
      const outer = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] };
      return [
        (await here.manifest(child.digest, index, OCI_INDEX)).status,
        (await here.manifest("tag", outer, OCI_INDEX)).status,
      ];
    },
    answer: [201, 201],
  },
  {
    does: "an index whose child is missing is refused",
    ask: async (here) => {
      const child = { mediaType: OCI_IMAGE, digest: UNKNOWN_DIGEST, size: 3 };
      return status(here.manifest("tag", { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }, OCI_INDEX));
    },
    answer: [400, "MANIFEST_BLOB_UNKNOWN"],
  },
  {
    does: "a mediaType that is not the Content-Type is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return status(here.manifest("tag", imageOf(config, []), DOCKER_IMAGE));
    },
    answer: [400, "MANIFEST_INVALID"],
  },
  {
    does: "a manifest that is an image and an index at once is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      return status(here.manifest("tag", imageOf(config, [], { manifests: [] })));
    },
    answer: [400, "MANIFEST_INVALID"],
  },
  {
    does: "what is not JSON is no manifest",
    ask: async (here) => status(here.manifest("tag", "{")),
    answer: [400, "MANIFEST_INVALID"],
  },
  {
    does: "a manifest that is too large is refused",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: CONFIG };
      const annotations = { large: "x".repeat(4 * 1024 * 1024) };
      return status(here.manifest("tag", imageOf(config, [], { annotations })));
    },
    answer: [413, "MANIFEST_INVALID"],
    dockerRegistry: [400, "MANIFEST_INVALID"],
  },
  {
    does: "a manifest of a type that nobody knows is kept",
    ask: async (here) => {
      const type = "application/vnd.example.thing.v1+json";
      return (await here.manifest("tag", { schemaVersion: 2, mediaType: type }, type)).status;
    },
    answer: 201,
    dockerRegistry: 400,
  },
  {
    does: "a layer that lies elsewhere need not be here",
    ask: async (here) => {
      const config = { ...(await here.blob("{}")), mediaType: "application/vnd.docker.container.image.v1+json" };
      const layer = { mediaType: FOREIGN, digest: UNKNOWN_DIGEST, size: 3, urls: ["https://foreign.example/layer"] };
      return (await here.manifest("tag", imageOf(config, [layer], { mediaType: DOCKER_IMAGE }), DOCKER_IMAGE)).status;
    },
    answer: 201,
    dockerRegistry: 500,
  },
  {
    does: "an unknown tag is not found",
    ask: async (here) => {
      await here.image("tag");
      return status(here.read("other"));
    },
    answer: [404, "MANIFEST_UNKNOWN"],
  },
  {
    does: "an unknown digest is not found",
    ask: async (here) => {
      await here.image("tag");
      return status(here.read(UNKNOWN_DIGEST));
    },
    answer: [404, "MANIFEST_UNKNOWN"],
  },
  {
    does: "an index is not given to a client that does not accept indexes",
    ask: async (here) => {
      const child = await here.image("child");
      await here.manifest("tag", { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [child] }, OCI_INDEX);
      return status(
        here.ask("GET", "manifests/tag", { headers: { Accept: `${OCI_IMAGE}, ${DOCKER_IMAGE}, ${DOCKER_LIST}` } }),
      );
    },
    answer: [404, "MANIFEST_UNKNOWN"],
  },
  {
    does: "a client that accepts nothing gets nothing",
    ask: async (here) => {
      await here.image("tag");
      return status(here.ask("GET", "manifests/tag"));
    },
    answer: [404, "MANIFEST_UNKNOWN"],
  },
];
