import { expect } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { openPackaged, openWorkspaceFor } from "../acceptance/stage.ts";
import type { Handler } from "./handler.ts";
import { guideBlocks, linesOf, openReader } from "./reader.ts";

const password = "a-password";

interface Place {
  readonly registryType: string;
  readonly registryName: string;
  readonly image: string;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly fromImage?: Place; readonly toImage?: Place; readonly registryUrl?: string };
}

/** The guide from ImageReplicate: the same copy by a file and by a resource. */
export const tmaxGuideHandler: Handler = {
  proves: "the file and the resource of the guide from tmax copy what its ImageReplicate names",
  blocks: guideBlocks(
    "migrating-from-tmax-imagereplicate",
    ["As it was", 1],
    ["As a file", 3],
    ["As a Terraform resource", 1],
  ),
  needs: ["terraform"],
  async run(blocks) {
    const [objects = "", file = "", sync, shown, resource = ""] = blocks.map(({ text }) => text);
    const named = placesOf(objects);
    const { images } = parse(file) as { images: readonly object[] };
    expect(images).toEqual([named]);
    const { name, ...ends } = named;
    expect(resource).toContain(`resource "imagesync" "${name}"`);
    for (const end of Object.values(ends)) expect(resource).toContain(`"${end}"`);

    const users = { mirror: password };
    const reader = await openReader({ "docker.io": {}, "registry.example.com": { auth: { kind: "basic", users } } });
    const digest = await reader.world.push(named.source);
    await reader.write("imagesync.yaml", file);
    await reader.write("password", password);
    expect(await reader.run(sync)).toEqual(linesOf(shown));
    expect(await reader.world.digest(named.destination)).toBe(digest);

    const workspace = await openWorkspaceFor(await openPackaged());
    await workspace.write(
      `terraform {\n  required_providers {\n    imagesync = { source = "imagesync/imagesync" }\n  }\n}\n${resource}`,
    );
    const auth = Buffer.from(`mirror:${password}`).toString("base64");
    const login = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { "registry.example.com": { auth } } }) };
    const writes = reader.world.writes("registry.example.com").length;
    await workspace.must(["apply", "-auto-approve", "-input=false"], [0], { ...reader.world.environment, ...login });
    expect(reader.world.writes("registry.example.com")).toHaveLength(writes);
  },
};

/** What the objects of the operator name, by the rules that the guide's table has. */
function placesOf(text: string): { name: string; source: string; destination: string } {
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const [replicate] = objects.filter(({ kind }) => kind === "ImageReplicate");
  const reference = ({ registryType, registryName, image }: Place): string => {
    if (registryType === "DockerHub") return `docker.io/${image}`;
    const found = objects.find(({ kind, metadata }) => kind === "ExternalRegistry" && metadata.name === registryName);
    return `${new URL(found?.spec.registryUrl ?? "").host}/${image}`;
  };
  const { fromImage, toImage } = replicate?.spec ?? {};
  if (replicate === undefined || fromImage === undefined || toImage === undefined) throw new Error("Nothing is copied");
  return { name: replicate.metadata.name, source: reference(fromImage), destination: reference(toImage) };
}
