import { ImagesyncError } from "../../errors.ts";
import type { Vendor } from "../../http/transport.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/reference.ts";
import type { Transport } from "../registry.ts";
import { acrApi } from "./acr.ts";
import { ApiRequests } from "./api-requests.ts";
import { dockerHubAddress, dockerHubApi } from "./docker-hub.ts";
import { ecrApi } from "./ecr.ts";
import { ghcrApi, githubAddress } from "./ghcr.ts";
import { harborApi, harborService, isHarbor } from "./harbor.ts";
import { memoryOf } from "./memory.ts";
import { traitsOf, vendorOf, type VendorTraits } from "./vendor.ts";
import type {
  ManifestDeletion,
  ManifestDeletionOptions,
  RepositoryCreation,
  RepositoryDeletion,
  TagDeletion,
  TagDeletionOptions,
  VendorApi,
} from "./vendor-api.ts";

/** The vendor of the registry that a repository is in: what is known of it in advance, and its own API. */
export class RepositoryVendor {
  readonly #transport: Transport;
  readonly #name: RepositoryName;

  constructor(transport: Transport, name: RepositoryName) {
    this.#transport = transport;
    this.#name = name;
  }

  /** The family: as set by the user, as its host name or its challenge tells, or as it was recognised by. */
  get family(): Vendor | undefined {
    const { registry } = this.#name;
    const told = this.#transport.family?.(registry);
    if (told?.vendor !== undefined) return told.vendor;
    const named = vendorOf(registry);
    if (named !== undefined) return named;
    const harbor = told?.service === harborService || memoryOf(this.#transport).harbors.get(registry) === true;
    return harbor ? "harbor" : undefined;
  }

  get traits(): VendorTraits {
    return traitsOf(this.family);
  }

  /** Whether the vendor has an API that removes one tag. */
  get deletesTags(): boolean {
    return this.#api().deleteTag !== undefined;
  }

  /**
   * Removes one tag and nothing else by the API of the vendor, without a request where there is none.
   * @throws `unauthorized`, `denied` with the permission that is missing; `immutable`, `unavailable` and what the
   * network can raise: then it is open whether the tag is gone.
   */
  async deleteTag(tag: string, options: TagDeletionOptions): Promise<TagDeletion> {
    return (await this.#api().deleteTag?.(tag, options)) ?? "unavailable";
  }

  /** Fails where it is known without asking that {@link deleteTag} cannot work: of no registry. */
  async checkDeleteTag(): Promise<void> {}

  /** Deletes a manifest at a registry without `DELETE`; undefined where the distribution protocol is the way. */
  async deleteManifest(digest: Digest, options: ManifestDeletionOptions): Promise<ManifestDeletion | undefined> {
    return await this.#api().deleteManifest?.(digest, options);
  }

  /**
   * Deletes the whole repository if there is nothing in it but these manifests, and no tag but `onlyTag`: the way to
   * remove the last tag of ghcr.io, which GitHub keeps. `unavailable`, without a request, at every other registry.
   * @throws as `deleteTag`
   */
  async deleteRepository(contents: ReadonlySet<Digest>, options: ManifestDeletionOptions): Promise<RepositoryDeletion> {
    return (await this.#api().deleteRepository?.(contents, options)) ?? "unavailable";
  }

  /**
   * Fails where it is known that a tag cannot be taken away by moving it to a manifest that is deleted then: to be asked
   * before the tag is overwritten. Costs a request at ghcr.io only.
   * @throws `unsupported`
   */
  async checkStandIn(tag: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { registry, repository } = this.#name;
    if (this.traits.digestDeleteTakesTags === false) {
      throw new ImagesyncError({
        code: "unsupported",
        operation: "delete tag",
        side: "destination",
        registry,
        message: `Cannot delete tag ${registry}/${repository}:${tag}: the registry deletes no manifest that has a tag, and its own API cannot be used`,
        hint: `Log in to ${registry} with a user name and an access token that may delete, or delete the tag there by hand`,
      });
    }
    await this.#api().checkStandIn?.(tag, options);
  }

  /**
   * Creates the repository where a push does not (ECR), by one request however many ask at the same time; no request,
   * and `unavailable`, at every other registry and without a login for the API.
   * @throws `denied` with the permission that is missing, `quota`, `invalid-reference`, and what the network can raise.
   */
  async ensureRepository(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<RepositoryCreation> {
    const create = this.#api().createRepository;
    if (create === undefined) return "unavailable";
    options.signal?.throwIfAborted();
    const { registry, repository } = this.#name;
    // Shared, so no signal of one stops it; it is one request with a deadline.
    return await memoryOf(this.#transport).creations.run(`${registry}/${repository}`, () => create({}));
  }

  /**
   * Learns the family from the refusal of a tag's `DELETE`: Harbor under any name answers 400 UNSUPPORTED, and is asked
   * then whether it is Harbor, once for each registry.
   * @returns whether the vendor's API is worth another try.
   */
  async recognise(
    refusal: Error | undefined,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<boolean> {
    const { registry } = this.#name;
    if (this.family !== undefined || !(refusal instanceof ImagesyncError)) return false;
    if (refusal.status !== 400 || refusal.registryCode !== "UNSUPPORTED") return false;
    const { harbors } = memoryOf(this.#transport);
    if (harbors.has(registry)) return false;
    const found = await isHarbor(this.#requests(undefined), options.signal);
    harbors.set(registry, found);
    return found;
  }

  #api(): VendorApi {
    switch (this.family) {
      case "docker-hub":
        return this.#elsewhere("docker.io", dockerHubAddress, dockerHubApi);
      case "ghcr":
        return this.#elsewhere("ghcr.io", githubAddress, ghcrApi);
      case "harbor":
        return harborApi(this.#requests(undefined));
      case "acr":
        return acrApi(this.#requests(undefined));
      case "ecr":
        return ecrApi(this.#requests(undefined), this.#address);
      default:
        return {};
    }
  }

  /** An API at another host gets the registry's login only if it is that registry's, or the user has named it. */
  #elsewhere(registry: string, wellKnown: string, open: (requests: ApiRequests) => VendorApi): VendorApi {
    if (this.#address === undefined && this.#name.registry !== registry) return {};
    return open(this.#requests(wellKnown));
  }

  #requests(wellKnown: string | undefined): ApiRequests {
    return new ApiRequests(this.#transport, this.#name, this.#address ?? wellKnown);
  }

  get #address(): string | undefined {
    return this.#transport.family?.(this.#name.registry).apiUrl;
  }
}
