/** What a data source adds to a failure when the provider could not be configured fully. */
export const partlyUnknown: string =
  "Part of the provider's configuration depends on resources that are yet to be created, and the registry was asked without it. With depends_on set to those resources, Terraform reads the data source after they exist.";
