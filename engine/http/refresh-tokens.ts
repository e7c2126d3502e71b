/** What came of a use of a refresh token. */
interface Use<T> {
  readonly result: T;
  /** The refresh token that takes the place of the one that was used; absent when that stays good. */
  readonly next: string | undefined;
}

interface State {
  current: string;
  /** Whether each use makes a new refresh token; undefined before the first answer. */
  rotates: boolean | undefined;
  last: Promise<unknown>;
}

/**
 * Refresh tokens that change with their use. Servers that rotate them accept each only once, and some take a second use
 * for theft and revoke the whole login: so uses wait for each other until a server has shown that it does not rotate.
 * What was rotated in is kept as long as the process lives; the configuration still has the first one.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export class RefreshTokens {
  readonly #states = new Map<string, State>();

  /** Calls `use` with the newest refresh token of a login, which was `first` in its configuration. */
  async use<T>(login: string, first: string, use: (token: string) => Promise<Use<T>>): Promise<T> {
    let state = this.#states.get(login);
    if (state === undefined) {
      state = { current: first, rotates: undefined, last: Promise.resolve() };
      this.#states.set(login, state);
    }
    if (state.rotates === false) return await this.#take(state, use);
    const turn = this.#inTurn(state, use);
    // Who comes next waits for the end only; how it ended is told to who asked.
    state.last = turn.catch(() => undefined);
    return await turn;
  }

  async #inTurn<T>(state: State, use: (token: string) => Promise<Use<T>>): Promise<T> {
    await state.last;
    return await this.#take(state, use);
  }

  /** Some servers replace one only when it is about to expire: so what has shown that it does not rotate may begin to. */
  async #take<T>(state: State, use: (token: string) => Promise<Use<T>>): Promise<T> {
    const used = state.current;
    const { result, next } = await use(used);
    const rotated = next !== undefined && next !== used;
    state.rotates = state.rotates === true || rotated;
    if (rotated) state.current = next;
    return result;
  }
}
