import { type Scale, type Tags, hugeLayer, largeImage, platformIndex, tagSet } from "./fixtures.ts";
import { rootFilesystem } from "./root-filesystem.ts";

/** Something to be copied, under conditions. */
export interface Scenario {
  readonly name: string;
  /** For the heading of its table. */
  readonly title: string;
  /** What is copied. May take minutes and network the first time. */
  fixture(scale: Scale): Promise<Tags> | Tags;
  /** `cold`: into an empty registry each time. `no-op`: all is there already. */
  readonly state: "cold" | "no-op";
  /** One tag, or all tags of the repository by the client's own way to do that. */
  readonly copies: "tag" | "repository";
  /** Milliseconds between client and both registries and back. Default none. */
  readonly roundTrip?: number;
  /** Timed repetitions unless the user says otherwise. */
  readonly repeat: number;
  /** Clients that take minutes for one repetition, and are left out. */
  readonly without?: readonly string[];
  /** Requests are counted once for scenarios that differ only in latency. */
  readonly counted: boolean;
}

const far = 20;

export const scenarios: readonly Scenario[] = [
  {
    name: "cold-image",
    title: "One image of 300 MB in five layers, cold",
    fixture: largeImage,
    state: "cold",
    copies: "tag",
    repeat: 5,
    counted: true,
  },
  {
    name: "cold-index",
    title: "An index of five platforms, 142 MB, cold",
    fixture: platformIndex,
    state: "cold",
    copies: "tag",
    repeat: 5,
    counted: true,
  },
  {
    name: "noop-image",
    title: "One image that is there already",
    fixture: largeImage,
    state: "no-op",
    copies: "tag",
    repeat: 9,
    counted: true,
  },
  {
    name: "sync-cold",
    title: "300 tags sharing layers, 738 blobs, 312 MB, cold",
    fixture: tagSet,
    state: "cold",
    copies: "repository",
    repeat: 3,
    counted: true,
  },
  {
    name: "sync-noop",
    title: "300 tags that are there already",
    fixture: tagSet,
    state: "no-op",
    copies: "repository",
    repeat: 5,
    counted: true,
  },
  {
    name: "huge-layer",
    title: "One layer of 1.5 GB, cold",
    fixture: hugeLayer,
    state: "cold",
    copies: "tag",
    repeat: 5,
    counted: true,
  },
  {
    name: "root-filesystem",
    title: "A real root filesystem (debootstrap, packed by umoci), cold",
    fixture: rootFilesystem,
    state: "cold",
    copies: "tag",
    repeat: 5,
    counted: true,
  },
  {
    name: "far-index",
    title: `An index of five platforms, 142 MB, cold, ${far} ms round trips`,
    fixture: platformIndex,
    state: "cold",
    copies: "tag",
    roundTrip: far,
    repeat: 5,
    counted: false,
  },
  {
    name: "far-noop-index",
    title: `An index of five platforms that is there already, ${far} ms round trips`,
    fixture: platformIndex,
    state: "no-op",
    copies: "tag",
    roundTrip: far,
    repeat: 7,
    counted: true,
  },
  {
    name: "far-sync-cold",
    title: `300 tags sharing layers, cold, ${far} ms round trips`,
    fixture: tagSet,
    state: "cold",
    copies: "repository",
    roundTrip: far,
    repeat: 3,
    without: ["skopeo", "regsync"],
    counted: false,
  },
  {
    name: "far-sync-noop",
    title: `300 tags that are there already, ${far} ms round trips`,
    fixture: tagSet,
    state: "no-op",
    copies: "repository",
    roundTrip: far,
    repeat: 3,
    without: ["skopeo", "regsync"],
    counted: false,
  },
];
