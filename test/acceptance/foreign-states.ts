/** An object of another provider as Terraform stores it. */
export interface ForeignObject {
  /** Source address of the provider, lower case as Terraform writes it. */
  readonly provider: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Default 0, which all of them have. */
  readonly version?: number;
  /** What the provider has remembered for itself. */
  readonly private?: string;
}

/** What there is to say of an image, whoever says it. */
interface Mirrored {
  readonly source: string;
  readonly destination: string;
  readonly digest: string;
}

/** What the providers built on Terraform's older kit leave in every state that has timeouts. */
const timeoutsOfSdk = `{"e2bfb730-ecaa-11e6-8f88-34363bc7c4c0":{"create":1200000000000,"delete":1200000000000,"read":1200000000000,"update":1200000000000},"schema_version":"0"}`;

/** https://registry.terraform.io/providers/bsquare-corp/skopeo2/latest/docs/resources/copy */
export function skopeo2Copy(
  { source, destination, digest }: Mirrored,
  more: Readonly<Record<string, unknown>> = {},
): ForeignObject {
  return {
    provider: "registry.terraform.io/bsquare-corp/skopeo2",
    type: "skopeo2_copy",
    private: timeoutsOfSdk,
    attributes: {
      additional_tags: null,
      copy_all_images: true,
      destination: [],
      destination_image: `docker://${destination}`,
      docker_digest: digest,
      id: `docker://${destination}`,
      insecure: false,
      keep_image: false,
      preserve_digests: true,
      retries: 0,
      retry_delay: 0,
      source: [],
      source_digest: digest,
      source_image: `docker://${source}`,
      timeouts: null,
      ...more,
    },
  };
}

/** Its versions before 1.0 named images and logins in blocks of the resource. */
export function skopeo2CopyOfBlocks({ source, destination, digest }: Mirrored, password: string): ForeignObject {
  const login = (image: string): object => ({
    certificate_directory: "",
    image: `docker://${image}`,
    login_environment: null,
    login_password: password,
    login_password_script: "",
    login_retries: 0,
    login_script: "",
    login_script_interpreter: null,
    login_username: "robot",
    registry_auth_file: "",
    timeout: 60,
    working_directory: ".",
  });
  const blocks = { source: [login(source)], destination: [login(destination)] };
  return skopeo2Copy({ source, destination, digest }, { ...blocks, source_image: null, destination_image: null });
}

/** https://registry.terraform.io/providers/kreuzwerker/docker/latest/docs/resources/registry_image */
export function dockerRegistryImage(
  { destination, digest }: Omit<Mirrored, "source">,
  more: Readonly<Record<string, unknown>> = {},
): ForeignObject {
  return {
    provider: "registry.terraform.io/kreuzwerker/docker",
    type: "docker_registry_image",
    private: timeoutsOfSdk,
    attributes: {
      auth_config: [],
      build: [],
      id: digest,
      insecure_skip_verify: false,
      keep_remotely: false,
      name: destination,
      sha256_digest: digest,
      timeouts: null,
      triggers: null,
      ...more,
    },
  };
}

/** https://registry.terraform.io/providers/adam-tylr/crane/latest/docs/resources/image */
export function craneImage(
  { source, destination, digest }: Mirrored,
  more: Readonly<Record<string, unknown>> = {},
): ForeignObject {
  return {
    provider: "registry.terraform.io/adam-tylr/crane",
    type: "crane_image",
    attributes: {
      destination,
      digest,
      id: destination,
      platform: null,
      reference: destination,
      source,
      source_digest: null,
      ...more,
    },
  };
}

/** A state file with these objects, each under a name; several of one name under keys. */
export function stateFile(
  objects: Readonly<Record<string, ForeignObject | Readonly<Record<string, ForeignObject>>>>,
): string {
  return JSON.stringify({
    version: 4,
    terraform_version: "1.9.8",
    serial: 7,
    lineage: "0d1f5a86-6f3f-4f3e-9a55-5b3d4f6c1a20",
    outputs: {},
    resources: Object.entries(objects).map(([name, given]) => {
      const isOne = "attributes" in given && "provider" in given;
      const instances = isOne ? [[undefined, given as ForeignObject] as const] : Object.entries(given);
      const [, first] = instances[0] ?? [];
      return {
        mode: "managed",
        type: first?.type,
        name,
        provider: `provider["${first?.provider}"]`,
        instances: instances.map(([key, object]) => instance(key, object)),
      };
    }),
    check_results: null,
  });
}

function instance(key: string | undefined, object: ForeignObject): object {
  return {
    ...(key === undefined ? {} : { index_key: key }),
    schema_version: object.version ?? 0,
    attributes: object.attributes,
    sensitive_attributes: [],
    ...(object.private === undefined ? {} : { private: Buffer.from(object.private).toString("base64") }),
  };
}
