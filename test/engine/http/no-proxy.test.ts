import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bypassesProxy, isLoopbackHost } from "../../../engine/http/no-proxy.ts";

const long = `${"a".repeat(60)}.`.repeat(2000);

describe("NO_PROXY", () => {
  test.each<[noProxy: string, url: string, bypasses: boolean]>([
    ["", "https://r.example", false],
    [" , ,", "https://r.example", false],
    ["*", "https://r.example", true],
    ["r.example", "https://r.example", true],
    ["R.Example", "https://r.example", true],
    ["r.example.", "https://r.example", true],
    ["r.example", "https://r.example.", true],
    ["r.example", "https://a.r.example", true],
    ["r.example", "https://ar.example", false],
    [".r.example", "https://a.r.example", true],
    [".r.example", "https://r.example", false],
    ["*.r.example", "https://a.r.example", true],
    ["*.r.example", "https://r.example", false],
    ["a.example, r.example", "https://r.example", true],
    ["a.example r.example", "https://r.example", true],
    ["r.example:443", "https://r.example", true],
    ["r.example:443", "https://r.example:5000", false],
    ["r.example:5000", "https://r.example:5000", true],
    ["r.example:80", "http://r.example", true],
    ["10.1.2.3", "http://10.1.2.3:5000", true],
    ["10.1.2.3:5000", "http://10.1.2.3:5000", true],
    ["10.1.2.3:5001", "http://10.1.2.3:5000", false],
    ["0.1.2.3", "http://10.1.2.3", false],
    ["10.0.0.0/8", "http://10.1.2.3", true],
    ["10.0.0.0/8", "http://11.1.2.3", false],
    ["10.0.0.0/8", "http://ten.example", false],
    ["0.0.0.0/0", "http://10.1.2.3", true],
    ["10.0.0.0/33", "http://10.1.2.3", false],
    ["10.0.0.0/", "http://10.1.2.3", false],
    ["10.0.0.0/-1", "http://10.1.2.3", false],
    ["10.0.0.0/x", "http://10.1.2.3", false],
    ["2001:db8::1", "http://[2001:db8::1]:5000", true],
    ["2001:0db8:0::0001", "http://[2001:db8::1]", true],
    ["[2001:db8::1]:5000", "http://[2001:db8::1]:5000", true],
    ["[2001:db8::1]:5000", "http://[2001:db8::1]:5001", false],
    ["2001:db8::/32", "http://[2001:db8::1]", true],
    [".", "https://r.example", false],
    ["*.", "https://r.example", false],
    [":443", "https://r.example", false],
    [long, "https://r.example", false],
  ])("%.40s for %s: %s", (noProxy, url, bypasses) => {
    expect(bypassesProxy(new URL(url), noProxy)).toBe(bypasses);
  });

  test("whatever it holds is read without an error, and holds for the host itself where it is in the list", () => {
    fc.assert(
      fc.property(fc.string(), fc.domain(), (noise, host) => {
        const url = new URL(`https://${host}`);
        expect(typeof bypassesProxy(url, noise)).toBe("boolean");
        expect(bypassesProxy(url, `${noise},${host}`)).toBe(true);
      }),
    );
  });
});

test.each([
  ["http://localhost:5000", true],
  ["http://127.0.0.1", true],
  ["http://127.9.9.9", true],
  ["http://[::1]:5000", true],
  ["http://10.0.0.1", false],
  ["http://localhost.example", false],
])("%s is this machine: %s", (url, local) => {
  expect(isLoopbackHost(new URL(url))).toBe(local);
});
