/** A program that the build makes. */
export interface Product {
  /** Source file it starts with, relative to the project's root. */
  readonly entry: string;
  /** Name of the executable that people and other programs start. */
  readonly name: string;
  /**
   * Name of the compiled program when `name` is a launcher that stands before it. Terraform starts the provider with an
   * environment that whoever runs Terraform controls; the launcher takes out what would turn the program into another.
   */
  readonly engineName?: string;
}

/** Everything `make build` makes. */
export const products: readonly Product[] = [
  { entry: "cli/main.ts", name: "imagesync" },
  { entry: "provider-shim/main.ts", name: "terraform-provider-imagesync", engineName: "imagesync-engine" },
];
