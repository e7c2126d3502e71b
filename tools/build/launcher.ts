/**
 * Starts the compiled program beside it. `BUN_BE_BUN=1` would turn that program into Bun itself, and `BUN_OPTIONS` can
 * load code into it, so neither reaches it. The engine's garbage collector sizes its heap by the machine's memory; told a
 * small one, it collects the buffers of a large layer before they add up (measured with 1.5 GB over TLS: 123 to 128 MB
 * instead of 135 to 157 MB at the same speed). It is no limit. `exec` keeps the process id, by which Terraform stops the provider.
 */
export function engineLauncher(engineName: string): string {
  return `#!/bin/sh
unset BUN_OPTIONS BUN_BE_BUN
export BUN_JSC_forceRAMSize=250000000
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
exec "\${self%/*}/${engineName}" "$@"
`;
}
