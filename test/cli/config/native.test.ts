import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSyncConfig } from "../../../cli/config/read.ts";
import { configOf, like, mistakesIn } from "./content.ts";

const image = (destination: string): string => `  - source: nginx:1.29\n    destination: ${destination}\n`;

describe("a file of ours", () => {
  test("becomes rules with what the entry says before what the defaults say", async () => {
    const config = await configOf(`
version: 1
defaults: { on_conflict: fail, platforms: [linux/amd64], referrers: false }
images:
  - source: docker.io/library/nginx:1.29
    destination: registry.example.com/mirror/nginx:1.29
    additional_tags: [stable]
    platforms: [linux/arm64/v8]
    same_image: image-id
repositories:
  - name: prometheus
    source: quay.io/prometheus/prometheus
    destination: registry.example.com/mirror/prometheus
    mode: semver
    range: ">=2.50"
    keep_latest: 3
    compatibility: ""
    include_regex: ["v.*"]
    exclude: []
    replace_tag: false
    referrers: true
    artifact_types: [application/spdx+json]
    deletions: { max_share: 0.2, protect: ["v2.*"] }
`);
    expect(config.format).toBe("native");
    expect(config.warnings).toEqual([]);
    expect(config.rules).toEqual([
      {
        name: "registry.example.com/mirror/nginx:1.29",
        line: 5,
        rule: {
          source: {
            registry: "docker.io",
            repository: "library/nginx",
            tag: "1.29",
            spelled: "docker.io/library/nginx",
          },
          destination: {
            registry: "registry.example.com",
            repository: "mirror/nginx",
            tag: "1.29",
            spelled: "registry.example.com/mirror/nginx",
          },
          additionalTags: ["stable"],
          policy: {
            onConflict: "fail",
            platforms: [{ os: "linux", architecture: "arm64" }],
            sameImage: "image-id",
          },
        },
      },
      {
        name: "prometheus",
        line: 11,
        rule: {
          source: {
            registry: "quay.io",
            repository: "prometheus/prometheus",
            spelled: "quay.io/prometheus/prometheus",
          },
          destination: {
            registry: "registry.example.com",
            repository: "mirror/prometheus",
            spelled: "registry.example.com/mirror/prometheus",
          },
          selection: { mode: "semver", range: ">=2.50", keepLatest: 3, compatibility: "", includeRegex: ["v.*"] },
          policy: {
            onConflict: "fail",
            platforms: [{ os: "linux", architecture: "amd64" }],
            replaceTags: false,
            referrers: { artifactTypes: ["application/spdx+json"] },
            deletions: { maxShare: 0.2, protect: ["v2.*"] },
          },
        },
      },
    ]);
  });

  test("copies what belongs to an image, unless it says otherwise", async () => {
    const { rules } = await configOf(`version: 1\nimages:\n${image("r.example/a:1")}`);
    expect(rules[0]?.rule.policy).toEqual({ referrers: {} });
  });

  test("names layouts by paths that start at its folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "config-"));
    const file = join(folder, "imagesync.yaml");
    await writeFile(
      file,
      `version: 1
images:
  - { source: "oci-archive:/media/usb/app.tar:1", destination: "oci:layouts/app:1" }
repositories:
  - { source: r.example/app, destination: "oci:layouts/all" }
`,
    );
    const { rules } = await readSyncConfig(file, { environment: {} });
    expect(rules.map(({ rule }) => [rule.source, rule.destination])).toMatchObject([
      [
        { registry: "oci-archive:", repository: "/media/usb/app.tar", tag: "1" },
        { registry: "oci:", repository: join(folder, "layouts/app"), tag: "1", spelled: "oci:layouts/app" },
      ],
      [{ registry: "r.example" }, { registry: "oci:", repository: join(folder, "layouts/all") }],
    ]);
  });

  test("may have nothing to do", async () => {
    expect(await configOf("version: 1\n")).toEqual({
      file: "-",
      format: "native",
      rules: [],
      registries: [],
      logins: [],
      limits: {},
      warnings: [],
    });
  });

  test("sets limits, the lock file, and when to stop", async () => {
    const config = await configOf(
      "version: 1\nlimits: {max_parallel_transfers: 6, max_bandwidth: 50MiB}\nlock_file: /tmp/x.lock\non_retag: fail\nfail_fast: true\n",
    );
    expect(config).toMatchObject({
      limits: { maxParallelTransfers: 6, maxBandwidth: 50 * 1024 ** 2 },
      lockFile: "/tmp/x.lock",
      onRetag: "fail",
      failFast: true,
    });
  });

  test("is read with anchors, merges, JSON, a byte order mark and the line ends of Windows", async () => {
    const merged = await configOf(
      `version: 1\nx-policy: &fast {platforms: [linux/amd64], on_conflict: keep}\nimages:\n  - <<: *fast\n    source: a:1\n    destination: r.example/a:1\n    on_conflict: fail\n`,
    );
    expect(merged.rules[0]?.rule.policy).toMatchObject({ onConflict: "fail", platforms: [{ os: "linux" }] });
    const json = { version: 1, images: [{ source: "a:1", destination: "r.example/a:1" }] };
    expect((await configOf(JSON.stringify(json))).rules).toHaveLength(1);
    const windows = `\uFEFFversion: 1\r\nimages:\r\n${image("r.example/a:1").replaceAll("\n", "\r\n")}`;
    expect((await configOf(windows)).rules[0]).toMatchObject({ line: 3, rule: { destination: { tag: "1" } } });
  });
});

const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

describe("registries and logins", () => {
  test("take their secrets from variables and files, relative to the file's folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "config-"));
    await writeFile(join(folder, "token"), "s3cret\n");
    await writeFile(join(folder, "ca.pem"), pem);
    const file = join(folder, "imagesync.yaml");
    await writeFile(
      file,
      `version: 1
lock_file: state/imagesync.lock
registries:
  - address: r.example:5000
    ca_certificate_file: ca.pem
    mirrors: [mirror.example/hub]
    proxy_url: { env: PROXY }
    headers: { X-Team: a, Authorization: { env: HEADER } }
    requests_per_second: 0
    vendor: harbor
    username: robot
    password: { file: token }
  - { address: r.example:5000/team, registry_token: { env: TOKEN } }
  - { address: plain.example, plain_http: true, auth_disabled: true }
  - { address: ecr.example, credential_helper: ecr-login }
  - { address: quay.io, identity_token: { env: TOKEN } }
`,
    );
    const environment = { PROXY: "http://u:p@proxy:3128", HEADER: "Bearer x", TOKEN: "t" };
    const config = await readSyncConfig(file, { environment });
    expect(config.lockFile).toBe(join(folder, "state/imagesync.lock"));
    expect(config.registries).toEqual([
      {
        address: "r.example:5000",
        caCertificate: pem,
        mirrors: ["mirror.example/hub"],
        proxyUrl: "http://u:p@proxy:3128",
        headers: { "X-Team": "a", Authorization: "Bearer x" },
        vendor: "harbor",
      },
      { address: "plain.example", plainHttp: true },
      { address: "ecr.example" },
      { address: "quay.io" },
    ]);
    expect(config.logins.map(({ address, credential }) => ({ address, credential }))).toEqual([
      { address: "r.example:5000", credential: { kind: "basic", username: "robot", password: "s3cret" } },
      { address: "r.example:5000/team", credential: { kind: "registry-token", token: "t" } },
      { address: "plain.example", credential: { kind: "anonymous" } },
      { address: "ecr.example", credential: { kind: "helper", name: "ecr-login" } },
      { address: "quay.io", credential: { kind: "identity-token", token: "t" } },
    ]);
  });

  const registry = (keys: string): string => `version: 1\nregistries:\n  - address: r.example\n    ${keys}\n`;

  test.each([
    ["password: hunter2", /4:15: "password" must be \{env: NAME\} or \{file: PATH\}, not the value itself/],
    ["username: u\n    password: {env: NOBODY}", /5:5: the environment variable NOBODY for "password" is not set/],
    ["username: u\n    password: {file: /nowhere}", /5:5: the file "\/nowhere" for "password" cannot be read/],
    ["password: {env: A, file: b}", /must be either/],
    ["password: {env: A B}", /"env" must be the name of a variable/],
    ["username: u", /3:5: "password" is missing for the login/],
    ["registry_token: {env: T}\n    identity_token: {env: T}", /two ways to log in/],
    ["headers: {Authorization: hunter2}", /the header "Authorization" may be a secret/],
    ["headers: {Content-Length: x}", /the header "Content-Length" is set by each request itself/],
    ["proxy_url: http://u:hunter2@h", /"proxy_url" must be an address without a login/],
    ["proxy_url: socks5://h", /"proxy_url" holds no address/],
    ["api_url: ftp://h", /"api_url" holds no address/],
    ["client_key_file: /nowhere", /"client_key_file" needs the other of both/],
    [
      "plain_http: true\n    insecure_skip_verify: true",
      /5:5: "insecure_skip_verify" has no meaning beside "plain_http"/,
    ],
    ["ca_certificate_file: /etc/hostname", /the file "\/etc\/hostname" has no PEM text/],
    ["headers: {X-A: a, x-a: b}", /the header "x-a" is there twice/],
    ["requests_per_second: 0.0001", /"requests_per_second" must be 0 for no limit, or at least 0.001/],
    ["vendor: habor", /did you mean "harbor"\?/],
    ["mirrors: [a_b.example/x]\n  - address: R.EXAMPLE", /5:5: "R.EXAMPLE" has an entry in line 3 already; merge them/],
  ])("refuse %s", async (keys, expected) => {
    const mistakes = (await mistakesIn(registry(keys), { environment: { T: "t" } })).join("\n");
    expect(mistakes).toMatch(expected);
    expect(mistakes).not.toContain("hunter2");
  });

  test("of a path are logins only", async () => {
    const mistakes = await mistakesIn("version: 1\nregistries:\n  - {address: r.example/team, plain_http: true}\n");
    expect(mistakes).toEqual([
      '3:31: "plain_http" is for a whole registry; the address of this entry has a path, which makes it a login',
    ]);
  });
});

describe("a mistake", () => {
  test.each([
    ["", '1:1: the file is empty; begin with "version: 1"'],
    ["- a\n", '1:1: "the file" must be a map, not a list'],
    ["version: 2\n", '1:10: "version" must be 1, not the number 2'],
    [
      'version: 1\nregistries: [{address: "http://robot:s3cret@r.io"}]\n',
      '2:24: "address" must be host, host:port or host/path, without a scheme, not "http://***@r.io"',
    ],
    ['version: "1"\n', '1:10: "version" must be 1, not the text "1"'],
    ["images: []\n", '1:1: "version" is missing in the file'],
    ["version: 1\nimage: []\n", '2:1: unknown key "image"; did you mean "images"?'],
    [
      "version: 1\nfail_fast: yes\n",
      '2:12: "fail_fast" must be true or false, not the text "yes"; write true, without quotes',
    ],
    ["version: 1\nfail_fast:\n", '2:11: "fail_fast" must be true or false, not nothing'],
    ["version: 1\nversion: 1\n", '2:1: the key "version" stands here a second time, after line 1'],
    ["version: 1\n---\nversion: 1\n", "2:1: a second document begins here; put everything into one"],
    [
      "version: 1\nlimits: {max_bandwidth: 50}\n",
      '2:25: "max_bandwidth" must be a text, but 50 without quotes is a number; write "50"',
    ],
    ["version: 1\nlimits: {max_bandwidth: 0MiB}\n", '2:10: "max_bandwidth" is less than a byte'],
    ["version: 1\nimages: {}\n", '2:9: "images" must be a list, not a map'],
    ["version: 1\nx: *nobody\n", "2:4: no anchor &nobody stands before this alias"],
    ["version: 1\nimages:\n\t- a\n", "3:1: tabs are not allowed as indentation"],
    ["version: 1\n? [a]\n: b\n", "2:3: with stringKeys, all keys must be strings"],
    ["version: !!binary aGk=\n", /^1:19: the tag "tag:yaml.org,2002:binary" has no meaning here$/],
  ])("in %j is told with its place", async (content, expected) => {
    expect(await mistakesIn(content)).toEqual([like(expected)]);
  });

  const entry = (keys: string): string =>
    `version: 1\nrepositories:\n  - source: a/b\n    destination: r.example/b\n    ${keys}\n`;

  test.each([
    ["tags: [1.10]", '5:12: "tags[0]" must be a text, but 1.10 without quotes is a number; write "1.10"'],
    ["tags: [true]", '5:12: "tags[0]" must be a text, but true without quotes is a boolean; write "true"'],
    ["tags: [no, on]", undefined],
    ["tags: 1", '5:11: "tags" must be a list, not the number 1'],
    ["tags: v1", '5:11: "tags" must be a list, not the text "v1"; write ["v1"]'],
    ["tags: []", '5:11: "tags" is empty'],
    ["tags: [-a]", '5:12: "tags[0]" must be a tag (letters, digits, underscores, periods and dashes), not "-a"'],
    ["mode: heighest", '5:11: "mode" cannot be the text "heighest"; did you mean "highest"?'],
    ["keep_latest: 0", '5:18: "keep_latest" must be a whole number from 1 to 1000000, not the number 0'],
    ["pinned_major: 1.5", '5:19: "pinned_major" must be a whole number from 0 to 1024, not the number 1.5'],
    ["deletions: true", '5:16: "deletions" must be a map, not true, a boolean'],
    ["deletions: {max_share: 2}", '5:28: "max_share" must be a number from 0 to 1, not the number 2'],
    ["platforms: [linux]", '5:17: "platforms[0]" must be os/architecture or os/architecture/variant, not "linux"'],
    ["replaceTags: false", '5:5: unknown key "replaceTags"; did you mean "replace_tag"?'],
    ["allow-prerelease: true", '5:5: unknown key "allow-prerelease"; did you mean "allow_prerelease"?'],
    ["range: '>>1'", /^5:5: "range" cannot be used: Invalid range of versions ">>1": .* Write it as npm does/],
    ["include_regex: ['a(']", /^5:5: "include_regex" cannot be used: Invalid regular expression "a\("/],
    ["exclude: ['[a']", /^5:5: "exclude" cannot be used: Invalid pattern "\[a"/],
    ["deletions: {protect: ['{a']}", /^5:17: Invalid pattern "\{a"/],
    ["tags: [imagesync-previous.1]", undefined],
    [`tags: [sha256-${"0".repeat(64)}.sig]`, /"tags" cannot be used: .* is no image of its own/],
    ["additional_tags: [a]", '5:5: unknown key "additional_tags"'],
  ])("in an entry that has %s is told with its place", async (keys, expected) => {
    expect(await mistakesIn(entry(keys))).toEqual(expected === undefined ? [] : [like(expected)]);
  });

  test.each([
    ["source: nginx:1\n    destination: r.example/nginx", '4:5: the destination has no tag; write "r.example/nginx:1"'],
    ["source: Nginx:1\n    destination: r.example/nginx:1", /^3:5: Invalid image reference "Nginx:1": .* lower case$/],
    ["source: nginx:1\n    destination: docker.io/library/nginx:1", "4:5: source and destination are the same"],
    [
      `source: nginx:1\n    destination: r.example/n:1@sha256:${"0".repeat(64)}`,
      "4:5: the destination has a digest that is not the source's; leave it out",
    ],
    ["sorce: nginx:1\n    destination: r.example/nginx:1", '3:5: unknown key "sorce"; did you mean "source"?'],
    ["source: nginx:1", '3:5: "destination" is missing in images[0]'],
  ])("in an image that has %s is told with its place", async (keys, expected) => {
    expect(await mistakesIn(`version: 1\nimages:\n  - ${keys}\n`)).toEqual([like(expected)]);
  });

  test("is told together with all others, in the order of the lines", async () => {
    const mistakes = await mistakesIn(
      "fail_fast: 1\nversions: 1\nversion: 1\nlimits: 1\nimages: [1, {source: a:1, destination: b}]\n",
    );
    expect(mistakes.map((line) => line.split(":").slice(0, 2).join(":"))).toEqual([
      "1:12",
      "2:1",
      "4:9",
      "5:10",
      "5:27",
    ]);
  });

  test("of a thousand is told for the first twenty, and counted", async () => {
    const mistakes = await mistakesIn(`version: 1\nimages:\n${"  - 1\n".repeat(1000)}`);
    expect(mistakes).toHaveLength(21);
    expect(mistakes.at(-1)).toBe("and 980 more");
  });
});

describe("two entries", () => {
  const images = (...destinations: readonly string[]): string =>
    `version: 1\nimages:\n${destinations.map(image).join("")}`;

  test("that write the same tag are refused, with both lines", async () => {
    expect(await mistakesIn(images("r.example/a:1", "r.example/b:1", "r.example/a:1"))).toEqual([
      '8:5: "r.example/a:1" is written by the entry of line 3 too; leave one of them out',
    ]);
    const spelled = await mistakesIn(images("nginx:1", "docker.io/library/nginx:1"));
    expect(spelled).toEqual([
      '6:5: "docker.io/library/nginx:1" is written by the entry of line 3 too; leave one of them out',
    ]);
  });

  test("that write the same tag by additional tags, or by the tags of a repository, are refused too", async () => {
    const content = `version: 1
images:
  - {source: a:1, destination: "r.example/a:1", additional_tags: ["2", "2"]}
repositories:
  - {source: b, destination: r.example/a, tags: ["2"]}
`;
    expect(await mistakesIn(content)).toEqual([
      '3:49: "r.example/a:2" is written by this entry twice; leave one of them out',
      '5:43: "r.example/a:2" is written by the entry of line 3 too; leave one of them out',
    ]);
  });

  test("of one destination are refused when one of them deletes what it does not select", async () => {
    const content = `version: 1
images:
  - {source: a:1, destination: "r.example/a:1"}
repositories:
  - {source: b, destination: r.example/a, deletions: {}}
  - {source: c, destination: r.example/c, deletions: {}}
`;
    expect(await mistakesIn(content)).toEqual([
      '5:43: these deletions would remove what line 3 puts into "r.example/a"; give each its own repository',
    ]);
  });
});
