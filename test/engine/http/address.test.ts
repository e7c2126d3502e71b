import { expect, test } from "vitest";
import { isPrivateAddress, isPrivateHost, registryOrigin } from "../../../engine/http/address.ts";

test("Docker Hub is reached where its images are, every other registry at its own name", () => {
  expect(registryOrigin("docker.io", false).origin).toBe("https://registry-1.docker.io");
  expect(registryOrigin("ghcr.io", false).origin).toBe("https://ghcr.io");
  expect(registryOrigin("localhost:5000", true).origin).toBe("http://localhost:5000");
  expect(registryOrigin("[::1]:5000", true).origin).toBe("http://[::1]:5000");
});

test.each([
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.8.9.10",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "::",
  "::1",
  "fe80::1",
  "fc00::1",
  "fdff::1",
  "::ffff:10.0.0.1",
  "::ffff:7f00:1",
  "64:ff9b::7f00:1",
])("%s is private", (address) => {
  expect(isPrivateAddress(address)).toBe(true);
});

test.each([
  "1.1.1.1",
  "8.8.8.8",
  "172.32.0.1",
  "100.128.0.1",
  "169.253.1.1",
  "2606:4700::1111",
  "::ffff:8.8.8.8",
  "registry.example",
  "",
])("%j is not private", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});

test.each(["localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "[::1]", "[::ffff:a00:1]"])(
  "the host %s says that it is private",
  (host) => {
    expect(isPrivateHost(host)).toBe(true);
  },
);

test("odd spellings of an address are seen through, because URLs are read before they are judged", () => {
  for (const spelling of ["0x7f.1", "2130706433", "017700000001", "127.1", "１２７.0.0.1", "0"]) {
    expect(isPrivateHost(new URL(`http://${spelling}/`).hostname)).toBe(true);
  }
});

test("a name that only looks like an address is a name", () => {
  for (const host of ["10.0.0.1.example", "localhost.example", "notlocalhost"]) expect(isPrivateHost(host)).toBe(false);
});
