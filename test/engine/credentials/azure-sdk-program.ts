/**
 * A process that uses a registry by nothing but Azure's own SDK: it reads the image of one tag, pushes one of its own to
 * another and lists the tags. What to do comes as JSON in the environment variable WORK; logins, proxy and trusted
 * certificates come by the variables that the SDK and Node know themselves. What came of it is printed as JSON.
 */
import { text } from "node:stream/consumers";
import {
  ContainerRegistryClient,
  ContainerRegistryContentClient,
  type OciDescriptor,
  type UploadBlobResult,
} from "@azure/container-registry";
import {
  ClientSecretCredential,
  ManagedIdentityCredential,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

export type SdkCredential = "ClientSecretCredential" | "WorkloadIdentityCredential" | "ManagedIdentityCredential";

export interface SdkWork {
  readonly credential: SdkCredential;
  /** Address of the registry. */
  readonly endpoint: string;
  readonly repository: string;
  /** Tag of an image that is there. */
  readonly reads: string;
  /** Tag for an image of its own. */
  readonly writes: string;
  /** Text of that image's one layer. */
  readonly layer: string;
  /** Asks nobody which authorities exist, as is needed for one that Microsoft does not know. */
  readonly disableInstanceDiscovery: boolean;
}

export interface SdkResult {
  /** Digest of what it read. */
  readonly read: string;
  /** Digest of what it pushed. */
  readonly written: string;
  /** Text of the layer that it pushed, as it got it back. */
  readonly layer: string;
  readonly tags: Readonly<Record<string, string>>;
}

async function use(work: SdkWork): Promise<SdkResult> {
  const { endpoint, repository } = work;
  const credential = credentialOf(work);
  const content = new ContainerRegistryContentClient(endpoint, repository, credential);
  const { digest: read } = await content.getManifest(work.reads);
  const layer = await content.uploadBlob(Buffer.from(work.layer));
  const config = await content.uploadBlob(Buffer.from("{}"));
  const { digest: written } = await content.setManifest(
    {
      schemaVersion: 2,
      config: descriptor(config, "application/vnd.oci.image.config.v1+json"),
      layers: [descriptor(layer, "application/vnd.oci.image.layer.v1.tar")],
    },
    { tag: work.writes },
  );
  const downloaded = await content.downloadBlob(layer.digest);
  const artifact = new ContainerRegistryClient(endpoint, credential).getArtifact(repository, work.writes);
  const tags: Record<string, string> = {};
  for await (const { name, digest } of artifact.listTagProperties()) tags[name] = digest;
  return { read, written, layer: await text(downloaded.content), tags };
}

function descriptor({ digest, sizeInBytes }: UploadBlobResult, mediaType: string): OciDescriptor {
  return { digest, size: sizeInBytes, mediaType };
}

function credentialOf({ credential, disableInstanceDiscovery }: SdkWork): TokenCredential {
  const { AZURE_TENANT_ID = "", AZURE_CLIENT_ID = "", AZURE_CLIENT_SECRET = "" } = process.env;
  switch (credential) {
    case "ClientSecretCredential":
      return new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
        disableInstanceDiscovery,
      });
    case "WorkloadIdentityCredential":
      return new WorkloadIdentityCredential({ disableInstanceDiscovery });
    default:
      return AZURE_CLIENT_ID === "" ? new ManagedIdentityCredential() : new ManagedIdentityCredential(AZURE_CLIENT_ID);
  }
}

const result = await use(JSON.parse(process.env["WORK"] ?? "") as SdkWork);
process.stdout.write(JSON.stringify(result));
