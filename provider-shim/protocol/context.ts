import type { Logger } from "../log.ts";
import type { Diagnostics } from "./diagnostics.ts";

/** What every call gets beside its request. */
export interface Context {
  /** Aborted when the user presses Ctrl-C, when Terraform drops the call, and when the process is told to end. */
  readonly signal: AbortSignal;
  /** Findings for the user. An error here makes the call fail, as an exception does. */
  readonly diagnostics: Diagnostics;
  readonly log: Logger;
  /** Known once the provider has been configured. */
  readonly terraformVersion?: string | undefined;
}
