/**
 * What the constructs use of the bindings. The build generates the bindings themselves from the provider's schema, puts
 * them in this place, and compiles the constructs against them: this cannot promise what they do not have.
 */
import type { StringMap, TerraformMetaArguments, TerraformProvider, TerraformResource } from "cdktf";
import type { Construct } from "constructs";

export interface ImagesyncConfig extends TerraformMetaArguments {
  readonly source: string;
  readonly destination: string;
  readonly platforms?: string[];
  readonly deletionPolicy?: string;
  readonly keepPrevious?: number;
}

export declare class Imagesync extends TerraformResource {
  constructor(scope: Construct, id: string, config: ImagesyncConfig);
  get id(): string;
  get taggedRef(): string;
  get sourceInput(): string | undefined;
  get destinationInput(): string | undefined;
  get deletionPolicyInput(): string | undefined;
}

export interface RepositoryConfig extends TerraformMetaArguments {
  readonly source: string;
  readonly destination: string;
  readonly mode?: string;
  readonly include?: string[];
}

export declare class Repository extends TerraformResource {
  constructor(scope: Construct, id: string, config: RepositoryConfig);
  get images(): StringMap;
  get highest(): string;
  get fqn(): string;
}

export interface ImagesyncProviderConfig {
  readonly alias?: string;
  readonly deletionPolicy?: string;
}

export declare class ImagesyncProvider extends TerraformProvider {
  constructor(scope: Construct, id: string, config?: ImagesyncProviderConfig);
  get aliasInput(): string | undefined;
}
