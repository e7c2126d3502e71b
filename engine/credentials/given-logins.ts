import { isDeepStrictEqual } from "node:util";
import type { Credential } from "./credential.ts";

/**
 * The logins that a program or a service has given, by what was asked, so that one that a registry refuses can be asked
 * for anew: it may have expired sooner than was said. Who answers with the same login again has no better one.
 */
export class GivenLogins {
  readonly #questions = new WeakMap<Credential, string>();
  readonly #refused = new Map<string, Credential>();

  /** Notes that this very object is the answer to a question. */
  note(question: string, credential: Credential): void {
    this.#questions.set(credential, question);
  }

  /**
   * The question that is worth asking again after a registry has refused the login; undefined when the login is none of
   * these, or is what the last refusal has brought.
   */
  refuse(credential: Credential): string | undefined {
    const question = this.#questions.get(credential);
    if (question === undefined) return undefined;
    const before = this.#refused.get(question);
    if (before !== credential && isDeepStrictEqual(before, credential)) return undefined;
    this.#refused.set(question, credential);
    return question;
  }
}
