import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Claims } from "../../../engine/graph/claims.ts";
import { Known } from "../../../engine/graph/known.ts";
import { digestOf } from "../../../engine/oci/digest.ts";

const digests = ["a", "b", "c"].map((text) => digestOf(Buffer.from(text)));
const place = fc.record({
  registry: fc.constantFrom("r.example", "r.example:5000"),
  repository: fc.constantFrom("app", "team/app"),
});
const step = fc.record({
  what: fc.constantFrom("blob", "manifest", "forget"),
  name: place,
  digest: fc.constantFrom(...digests),
});

test("what was seen is known there and nowhere else, until its repository is forgotten", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), place, fc.constantFrom(...digests), (steps, name, digest) => {
      const known = new Known();
      const model = new Set<string>();
      for (const { what, name: at, digest: seen } of steps) {
        const key = `${at.registry}/${at.repository}`;
        if (what === "forget") {
          known.forgetRepository(at);
          for (const one of model) if (one.includes(` ${key} `)) model.delete(one);
        } else {
          known[what === "blob" ? "addBlob" : "addManifest"](at, seen);
          model.add(`${what} ${key} ${seen}`);
        }
      }
      const key = `${name.registry}/${name.repository}`;
      expect(known.hasBlob(name, digest)).toBe(model.has(`blob ${key} ${digest}`));
      expect(known.hasManifest(name, digest)).toBe(model.has(`manifest ${key} ${digest}`));
      const from = known.repositoryWithBlob(name.registry, digest);
      const somewhere = [...model].some((one) => one.startsWith(`blob ${name.registry}/`) && one.endsWith(digest));
      expect(from !== undefined).toBe(somewhere);
      expect(from === undefined || model.has(`blob ${name.registry}/${from} ${digest}`)).toBe(true);
    }),
  );
});

test("a registry that has mounted once mounts, whatever is learnt later", () => {
  const known = new Known();
  expect(known.mounts("r.example")).toBeUndefined();
  known.learnMounts("r.example", false);
  expect(known.mounts("r.example")).toBe(false);
  known.learnMounts("r.example", true);
  known.learnMounts("r.example", false);
  expect(known.mounts("r.example")).toBe(true);
  expect(known.mounts("r.example:5000")).toBeUndefined();
});

test("a claim is of one tag in one repository, from its time on", () => {
  const claims = new Claims();
  const name = { registry: "r.example", repository: "app" };
  const before = Date.now();
  expect(claims.claimedSince(name, "1", 0)).toBe(false);
  claims.claim(name, "1");
  expect(claims.claimedSince(name, "1", 0)).toBe(true);
  expect(claims.claimedSince(name, "1", before)).toBe(true);
  expect(claims.claimedSince(name, "1", Date.now() + 1)).toBe(false);
  expect(claims.claimedSince(name, "2", 0)).toBe(false);
  expect(claims.claimedSince({ ...name, repository: "team/app" }, "1", 0)).toBe(false);
  expect(claims.claimedSince({ ...name, registry: "r.example:5000" }, "1", 0)).toBe(false);
});
