import type { Invocation } from "../invocation.ts";
export async function runDemo(_o: { readonly keep: boolean }, _i: Invocation): Promise<void> {}
