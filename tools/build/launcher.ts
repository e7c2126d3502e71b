/** The loader of a C library that is packed with the program. */
export interface PackedLoader {
  /** Where the system has its own, absolute. */
  readonly system: string;
  /** Name of the packed one in `lib/` beside the launcher. */
  readonly name: string;
}

/**
 * The engine's garbage collector sizes its heap by the machine's memory; told a small one, it collects the buffers of a
 * large layer before they add up (measured with 1.5 GB over TLS: 123 to 128 MB instead of 135 to 157 MB at the same
 * speed). It is no limit.
 */
export const runtimeSetting = "BUN_JSC_forceRAMSize=250000000";

/**
 * Starts the compiled program beside it. `BUN_BE_BUN=1` would turn that program into Bun itself, and `BUN_OPTIONS` can
 * load code into it, so neither reaches it. `exec` keeps the process id, by which Terraform stops the provider.
 *
 * With a packed loader it runs where the system has another C library than the program, or none. musl is looked for
 * first, because Alpine's libc6-compat puts a loader in the place of the system's that cannot load the program; the
 * system's own goes before the packed one, so that names are resolved as the host is set up. `--library-path` is seen by
 * the program alone, where a variable would reach the credential helpers that it starts.
 */
export function engineLauncher(engineName: string, loader?: PackedLoader): string {
  const start = `exec "$home/${engineName}" "$@"`;
  const packed = `exec "$home/lib/${loader?.name}" --library-path "$home/lib" "$home/${engineName}" "$@"`;
  const choice =
    loader === undefined
      ? start
      : `for musl in /lib/ld-musl-*; do
  [ -e "$musl" ] && ${packed}
done
[ -e ${loader.system} ] && ${start}
${packed}`;
  return `#!/bin/sh
unset BUN_OPTIONS BUN_BE_BUN
export ${runtimeSetting}
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
home=\${self%/*}
${choice}
`;
}
