/**
 * Starts the compiled program beside it. `BUN_BE_BUN=1` would turn that program into Bun itself, and `BUN_OPTIONS` can
 * load code into it, so neither reaches it. `exec` keeps the process id, by which Terraform stops the provider.
 */
export function engineLauncher(engineName: string): string {
  return `#!/bin/sh
unset BUN_OPTIONS BUN_BE_BUN
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
exec "\${self%/*}/${engineName}" "$@"
`;
}
