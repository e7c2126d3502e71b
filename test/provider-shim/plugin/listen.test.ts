import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { listen } from "../../../provider-shim/plugin/listen.ts";

let server: Server;
let directory: string;

beforeEach(() => {
  server = createServer();
  directory = mkdtempSync(join(tmpdir(), "listen-"));
});

afterEach(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("listen", () => {
  test("opens a socket in a directory that only this user can enter, and removes both", async () => {
    const listening = await listen(server, directory);
    expect(listening.network).toBe("unix");
    expect(dirname(dirname(listening.address))).toBe(directory);
    expect(statSync(dirname(listening.address)).mode & 0o777).toBe(0o700);
    expect(statSync(listening.address).isSocket()).toBe(true);
    listening.cleanUp();
    expect(readdirSync(directory)).toEqual([]);
  });

  test.each([50, 60, 70, 80, 90, 100, 107, 108, 200])(
    "never binds a cut-off path: %i characters of directory",
    async (length) => {
      const deep = directory.padEnd(length, "/d");
      mkdirSync(deep, { recursive: true });
      const listening = await listen(server, deep);
      expect(existsSync(listening.address)).toBe(true);
      expect(Buffer.byteLength(listening.address)).toBeLessThan(108);
      expect(listening.address.startsWith(deep)).toBe(Buffer.byteLength(join(deep, "imagesync-123456/socket")) < 108);
      listening.cleanUp();
    },
  );

  test("goes to /tmp when the temporary directory does not exist", async () => {
    const listening = await listen(server, join(directory, "missing"));
    expect(listening.address).toMatch(/^\/tmp\/imagesync-/);
    listening.cleanUp();
    expect(existsSync(dirname(listening.address))).toBe(false);
  });

  test("opens a port of the loopback on Windows", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
    Object.defineProperty(process, "platform", { ...platform, value: "win32" });
    try {
      const listening = await listen(server, directory);
      expect(listening.network).toBe("tcp");
      expect(listening.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
      expect(readdirSync(directory)).toEqual([]);
    } finally {
      Object.defineProperty(process, "platform", platform);
    }
  });
});
