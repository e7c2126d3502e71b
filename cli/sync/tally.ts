import { type Cost, describeBlobs, describeCost } from "../cost.ts";
import { count, formatBytes } from "../quantity.ts";
import type { ImageResult, Outcome } from "./result.ts";

/** What a run came to. Sizes are bytes. */
export interface Totals {
  readonly images: Readonly<Record<Outcome, number>>;
  /** Signatures and the like; they are not counted as images. */
  readonly attached: number;
  readonly bytes: number;
  readonly blobs: { readonly copied: number; readonly mounted: number; readonly present: number };
  /** Rules whose images were not even looked at, because the run was stopped. */
  readonly rulesLeft: number;
}

/** Counts results as they come. */
export class Tally {
  readonly #images: Record<Outcome, number> = { copied: 0, unchanged: 0, deleted: 0, failed: 0, conflict: 0, left: 0 };
  readonly #blobs = { copied: 0, mounted: 0, present: 0 };
  #attached = 0;
  #bytes = 0;
  #rulesLeft = 0;

  /** Counts one result. Of what belongs to an image only failures count like those of images. */
  add({ outcome, bytes, blobs, subject }: ImageResult): void {
    const wentWell = outcome === "copied" || outcome === "unchanged";
    if (subject !== undefined && wentWell) this.#attached += 1;
    else this.#images[outcome] += 1;
    this.#bytes += bytes;
    this.#blobs.copied += blobs.copied;
    this.#blobs.mounted += blobs.mounted;
    this.#blobs.present += blobs.present;
  }

  /** Counts a rule that was never begun. */
  leave(): void {
    this.#rulesLeft += 1;
  }

  totals(): Totals {
    const { left, ...others } = this.#images;
    return {
      images: { ...others, left },
      attached: this.#attached,
      bytes: this.#bytes,
      blobs: { ...this.#blobs },
      rulesLeft: this.#rulesLeft,
    };
  }
}

/** The one line that a run ends with. */
export function summarise({ images, attached, bytes, blobs, rulesLeft }: Totals, cost: Cost): string {
  const { copied, unchanged, deleted, failed, conflict, left } = images;
  const all = copied + unchanged + deleted + failed + conflict + left;
  const parts = [
    `${copied} copied`,
    `${unchanged} unchanged`,
    ...(deleted > 0 ? [`${deleted} deleted`] : []),
    ...(conflict > 0 ? [count(conflict, "conflict")] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(left > 0 ? [`${left} left`] : []),
    ...(rulesLeft > 0 ? [`${count(rulesLeft, "rule")} not begun`] : []),
  ];
  const moved = [...describeBlobs(blobs, attached), `${formatBytes(bytes)} moved`];
  return `${count(all, "image")}: ${parts.join(", ")}; ${moved.join(", ")} (${describeCost(cost)})`;
}
