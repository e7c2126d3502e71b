/** A request on its way to the repository. */
export interface Passing {
  readonly method: string;
  readonly kind: string;
  /** Tag or digest. */
  readonly reference: string;
  readonly query: URLSearchParams;
}

/** A time in which what a neighbour does can be lost: between looking and deleting no registry lets anybody lock. */
export interface Window {
  readonly name: "untag" | "sweep";
  /** It opens when this request has been answered. */
  readonly opens: (request: Passing) => boolean;
  /** It stays open through these. */
  readonly reads: (request: Passing) => boolean;
  /** It closes with the last of these in a row. `removes` tells the tags that are to go, from those that are put. */
  readonly harms: (
    request: Passing,
    opener: Passing,
    removes: (tag: string) => boolean,
    last: Passing | undefined,
  ) => boolean;
}

const isTag = ({ kind, reference }: Passing): boolean => kind === "manifest" && !reference.includes(":");
const isRead = ({ method }: Passing): boolean => method === "GET" || method === "HEAD";
/** The beginning of a mark: the first page of the list of tags. */
const lists = ({ kind, query }: Passing): boolean => kind === "tags" && !query.has("last");

/** All the windows that there are. Between any two other requests anybody may do anything, and nothing is lost. */
export const windows: readonly Window[] = [
  {
    // The tag is compared, then deleted or overwritten by a stand-in: the very next request.
    name: "untag",
    opens: (request) => isTag(request) && isRead(request),
    reads: () => false,
    harms: ({ method, kind, reference }, opener, removes) =>
      (method === "DELETE" || method === "PUT") &&
      kind === "manifest" &&
      reference === opener.reference &&
      removes(reference),
  },
  {
    // Everything is marked, from the list of tags on; then a row of deletes is sent at once.
    name: "sweep",
    opens: lists,
    reads: (request) => isRead(request) && request.kind !== "blob" && !lists(request),
    // Manifests or blobs: nobody may go from the ones to the others without another mark.
    harms: ({ method, kind, reference }, _opener, _removes, last) =>
      method === "DELETE" &&
      (last === undefined || last.kind === kind) &&
      (kind === "blob" || (kind === "manifest" && reference.includes(":"))),
  },
];

/** Follows the requests of one engine, and says of the gap before each whether it lies in a window. */
export class WindowWatch {
  readonly #open = new Map<Window, { opener: Passing; last: Passing | undefined }>();
  readonly #removes: (tag: string) => boolean;

  constructor(removes: (tag: string) => boolean) {
    this.#removes = removes;
  }

  /** The window that the gap before this request lies in; undefined where neighbours may act. */
  before(request: Passing): Window["name"] | undefined {
    let inside: Window["name"] | undefined;
    for (const [window, { opener, last }] of this.#open) {
      if (window.harms(request, opener, this.#removes, last) || (last === undefined && window.reads(request)))
        inside ??= window.name;
    }
    return inside;
  }

  /** The request has been answered. */
  after(request: Passing): void {
    for (const window of windows) {
      const open = this.#open.get(window);
      if (open && window.harms(request, open.opener, this.#removes, open.last)) open.last = request;
      else if (!open || open.last !== undefined || !window.reads(request)) this.#open.delete(window);
      if (window.opens(request)) this.#open.set(window, { opener: request, last: undefined });
    }
  }
}
