import { existsSync } from "node:fs";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { version } from "../../version.ts";

/** Where `make release` leaves its files. */
export const releaseDirectory: string = fileURLToPath(new URL("../../dist/release", import.meta.url));

/** Path of a file of the provider's, by what its name has after the version. @throws when it has not been made */
export async function releaseFile(rest: string): Promise<string> {
  return await existing(`${releaseDirectory}/terraform-provider-imagesync_${version()}_${rest}`);
}

/** Path of another file of the release: of the command line or its image. @throws when it has not been made */
export async function commandLineFile(rest: string): Promise<string> {
  return await existing(`${releaseDirectory}/imagesync_${version()}_${rest}`);
}

async function existing(file: string): Promise<string> {
  await access(file).catch((error: unknown) => {
    throw new Error(`${file} is missing: run "make release"`, { cause: error });
  });
  return file;
}

/** Terraform's name of the platform that the tests run on. */
export const ownTarget: string = `linux_${process.arch === "arm64" ? "arm64" : "amd64"}`;

/** Whether there is a release to try: not where apt is missing. With CI=true there has to be. */
export const released: boolean = process.env["CI"] === "true" || existsSync(releaseDirectory);
