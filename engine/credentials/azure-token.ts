import type { CloudQuestion } from "./cloud-login.ts";

/** A token of Azure's directory, not yet one of the registry. */
export interface AzureToken {
  readonly token: string;
  readonly origin: string;
  /** Of the directory, where it is known; the registry finds it in the token otherwise. */
  readonly tenant?: string | undefined;
}

/** What one way of getting such a token is asked. */
export interface AzureQuestion extends CloudQuestion {
  /** What the token is for, as Azure calls it. */
  readonly resource: string;
  /** Address of the directory, without a slash at its end. */
  readonly authority: string;
}
