import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RunningRegistry, TokenAuthOptions } from "../../embedded-registry/index.ts";
import { buildImage, push } from "../support/images/index.ts";
import { basicAuthorization, makeCertificates, send } from "../support/registries/index.ts";
import { childrenOf, nested, peakMemoryOf, terraformProgram } from "../support/terraform/index.ts";
import { configuration, mirror, openPackaged, openRegistry, openWorkspaceFor } from "./stage.ts";

const MB = 1_000_000;
const soak = process.env["IMAGESYNC_SOAK"] === "1";

const login = { user: "robot", password: "a password of the tests" };
const auth: TokenAuthOptions = { kind: "token", users: { [login.user]: login.password } };

/** A registry with TLS and tokens that keeps its blobs on disk: the memory of the tests is limited too. */
async function openVast({ cert, key }: { readonly cert: string; readonly key: string }): Promise<RunningRegistry> {
  const directory = await mkdtemp(join(tmpdir(), "imagesync-memory-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return await openRegistry({ tls: { cert, key }, auth, storage: { directory } });
}

describe.skipIf(terraformProgram === undefined)(
  "the packaged provider, over TLS and with a token",
  { timeout: 600_000 },
  () => {
    test.each(
      [
        { size: 300 * MB, limit: 150 * MB, when: true },
        { size: 1500 * MB, limit: 150 * MB, when: soak },
      ].filter(({ when }) => when),
    )("copies a layer of $size bytes with at most $limit bytes of memory", async ({ size, limit }) => {
      const certificates = await makeCertificates();
      const [source, destination] = [await openVast(certificates), await openVast(certificates)];
      const { ca } = certificates;
      const image = buildImage({ seed: "vast", layers: [size] });
      const answer = await send(source.url, "/token?service=x&scope=repository:team/app:pull,push", {
        ca,
        headers: { authorization: basicAuthorization(login) },
      });
      const { token } = JSON.parse(answer.text) as { token: string };
      await push(image, {
        host: source.host,
        plainHttp: false,
        ca,
        headers: { authorization: `Bearer ${token}` },
        repository: "team/app",
        tag: "1.0",
      });

      const workspace = await openWorkspaceFor(await openPackaged());
      await workspace.write(
        configuration(
          {
            registry: [source, destination].map(({ host }) => nested({ address: host, ca_certificate: ca })),
            registry_auth: [source, destination].map(({ host }) =>
              nested({ address: host, username: login.user, password: login.password }),
            ),
          },
          mirror({ source: `${source.host}/team/app:1.0`, destination: `${destination.host}/mirror/app:1.0` }),
        ),
      );
      const plan = await workspace.plan();
      const apply = workspace.start(["apply", "-no-color", "-input=false", plan.file]);
      const peaks: number[] = [];
      // At every request, the last ones after the layer is through: the peak never falls.
      destination.intercept = () => {
        for (const provider of childrenOf(apply.pid)) peaks.push(peakMemoryOf(provider) ?? 0);
        return undefined;
      };
      expect((await apply.done).code).toBe(0);
      const received = destination.requests.reduce((sum, { bytesIn }) => sum + bytesIn, 0);
      expect(received).toBeGreaterThan(size);
      const last = destination.requests.findLast(({ method }) => method !== "HEAD" && method !== "GET");
      expect(last).toMatchObject({ method: "PUT", kind: "manifest" });
      const peak = Math.max(...peaks);
      expect(peak).toBeGreaterThan(10 * MB);
      expect(peak).toBeLessThanOrEqual(limit);
    });
  },
);
