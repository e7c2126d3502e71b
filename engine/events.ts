/** What the engine tells while it works: plain data, never printed by the engine itself. Sizes are bytes. */
export type EngineEvent =
  | { readonly kind: "blob-progress"; readonly digest: string; readonly bytes: number; readonly size: number }
  | {
      readonly kind: "blob-done";
      readonly digest: string;
      readonly size: number;
      /** `present`: the destination repository had it; `mounted`: another repository of that registry had it. */
      readonly how: "copied" | "mounted" | "present";
    }
  | { readonly kind: "manifest-done"; readonly digest: string; readonly tag?: string | undefined }
  | {
      readonly kind: "retry";
      readonly operation: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  | { readonly kind: "throttled"; readonly registry: string; readonly delayMs: number }
  | {
      readonly kind: "warning";
      readonly about: WarningSubject;
      /** A sentence without its final period. */
      readonly message: string;
    };

/** What a warning is about: content that a copy leaves out, a mirror that is passed over, a rate limit that is nearly used up. */
type WarningSubject = "left-out" | "mirror" | "rate-limit";

/** Called synchronously; it must be cheap and must not throw. */
export type OnEvent = (event: EngineEvent) => void;
