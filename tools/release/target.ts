import type { PackedLoader } from "../build/launcher.ts";

/** A platform that packages are made for. */
export interface Target {
  /** Terraform's names of the system and the processor, which are part of file names. */
  readonly os: "linux" | "darwin" | "windows";
  readonly arch: "amd64" | "arm64";
  /** Bun's name of the platform. */
  readonly bunTarget: string;
  /** Bun of that platform: its npm package, the executable in it, and the Subresource Integrity of its archive. */
  readonly runtime: { readonly package: string; readonly program: string; readonly integrity: string };
  /** The C library that is packed for systems that have another one, or none. */
  readonly library?: SystemLibrary;
}

/** A Debian package with a C library. Its files are LGPL-2.1: the notice of the package goes with them. */
export interface SystemLibrary {
  readonly package: string;
  readonly version: string;
  /** Of the package's file, hexadecimal. */
  readonly sha256: string;
  /** Directory in the package. */
  readonly directory: string;
  /** Name of the program loader among the files. */
  readonly loader: string;
  /** Where a system with this C library has the loader. */
  readonly systemLoader: string;
}

/** Version of the Bun that executables are compiled with; the same as of the compiler among the dependencies. */
export const bunVersion = "1.4.5";

/** What the engine is linked to, beside the loader. */
export const libraryFiles: readonly string[] = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0"];

/** Every platform of a release. */
export const targets: readonly Target[] = [
  {
    os: "linux",
    arch: "amd64",
    bunTarget: "bun-linux-x64",
    runtime: {
      package: "@oven/bun-linux-x64",
      program: "bin/bun",
      integrity: "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
    },
    library: {
      package: "libc6-amd64-cross",
      version: "2.36-8cross1",
      sha256: "e410f3d2da35bccf757976d38e6a309d4d94d25c0dfde565a9662e3f75951b2c",
      directory: "usr/x86_64-linux-gnu/lib",
      loader: "ld-linux-x86-64.so.2",
      systemLoader: "/lib64/ld-linux-x86-64.so.2",
    },
  },
  {
    os: "linux",
    arch: "arm64",
    bunTarget: "bun-linux-arm64",
    runtime: {
      package: "@oven/bun-linux-aarch64",
      program: "bin/bun",
      integrity: "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
    },
    library: {
      package: "libc6-arm64-cross",
      version: "2.36-8cross1",
      sha256: "91936cbbee75771c360ed16513f6e734a25ca5517fe7c3e13dfd7835d7553186",
      directory: "usr/aarch64-linux-gnu/lib",
      loader: "ld-linux-aarch64.so.1",
      systemLoader: "/lib/ld-linux-aarch64.so.1",
    },
  },
  {
    os: "darwin",
    arch: "amd64",
    bunTarget: "bun-darwin-x64",
    runtime: {
      package: "@oven/bun-darwin-x64",
      program: "bin/bun",
      integrity: "sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==",
    },
  },
  {
    os: "darwin",
    arch: "arm64",
    bunTarget: "bun-darwin-arm64",
    runtime: {
      package: "@oven/bun-darwin-aarch64",
      program: "bin/bun",
      integrity: "sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==",
    },
  },
  {
    os: "windows",
    arch: "amd64",
    bunTarget: "bun-windows-x64",
    runtime: {
      package: "@oven/bun-windows-x64",
      program: "bin/bun.exe",
      integrity: "sha512-FNvply651vcE/GHgNWz6mZvhmkwBuu8Hw54oNzA+CQog+HW+542rXQmZqNHRkFxazD9L3xi+iTtvO3engAgJfw==",
    },
  },
];

/** A target's name as users spell it: `linux_amd64`. */
export function targetName({ os, arch }: Target): string {
  return `${os}_${arch}`;
}

/** What a launcher has to know of the loader that is packed beside it, in `lib/`. */
export function packedLoader({ library }: Target): PackedLoader | undefined {
  return library === undefined ? undefined : { system: library.systemLoader, name: library.loader };
}
