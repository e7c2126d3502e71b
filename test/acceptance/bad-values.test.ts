import { describe, expect, test } from "vitest";
import { block, type Body, expression, type HclValue, nested, terraformProgram } from "../support/terraform/index.ts";
import { repository } from "./repositories.ts";
import { type SchemaAttribute, schemaAttributes } from "./schema-attributes.ts";
import { configuration, mirror, openAttached, openWorkspaceFor, patient, setStage } from "./stage.ts";

/** A value that must be refused, and what must be said about it. */
interface BadValue {
  readonly value: HclValue;
  readonly summary: RegExp;
  /** How to put it right, in the detail. */
  readonly fix: RegExp;
  /** Other attributes of the same block that make it bad. */
  readonly beside?: Body;
}

const digest = `sha256:${"a".repeat(64)}`;
const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

const reference: readonly BadValue[] = [
  { value: "", summary: /Invalid image reference/, fix: /Write it as/ },
  { value: "no spaces", summary: /Invalid image reference/, fix: /Write it as/ },
  { value: "https://r.example/app:1", summary: /Invalid image reference/, fix: /without the scheme/ },
  { value: "r.example/App:1", summary: /Invalid image reference/, fix: /lower case/ },
  { value: "r.example/app:-", summary: /Invalid image reference/, fix: /A tag has/ },
  { value: "r.example/app@sha256:abc", summary: /Invalid image reference/, fix: /A digest is/ },
  { value: "r.example:99999/app", summary: /Invalid image reference/, fix: /Write it as/ },
  { value: "x".repeat(5000), summary: /Invalid image reference/, fix: /Write it as/ },
];

const platform: readonly BadValue[] = [
  { value: ["linux"], summary: /Invalid/, fix: /linux\/amd64|os\/arch/ },
  { value: ["linux/amd64", ""], summary: /Invalid/, fix: /linux\/amd64|os\/arch/ },
  { value: ["linux/amd64/v1/x"], summary: /Invalid/, fix: /linux\/amd64|os\/arch/ },
  { value: "linux/amd64", summary: /Incorrect attribute value type/, fix: /set of string required/ },
];

const repositoryName: readonly BadValue[] = [
  { value: "", summary: /Invalid image reference/, fix: /Write it as/ },
  { value: "no spaces", summary: /Invalid image reference/, fix: /Write it as/ },
  { value: "r.example/app:1", summary: /Invalid image reference/, fix: /the repository alone/ },
  { value: `r.example/app@${digest}`, summary: /Invalid image reference/, fix: /the repository alone/ },
  { value: "https://r.example/app", summary: /Invalid image reference/, fix: /without the scheme/ },
];

const timeout: readonly BadValue[] = ["", "soon", "5", "-1s", "0s", "1h 30m", "999h"].map((value) => ({
  value,
  summary: /Invalid timeout/,
  fix: /Write a number with a unit/,
}));

const duration = (name: string): readonly BadValue[] =>
  ["", "soon", "5", "-1s", "0s", "999h"].map((value) => ({
    value,
    summary: new RegExp(`Invalid ${name}`),
    fix: /Write a number with a unit/,
  }));

const at: Body = { address: "r.example" };

const bool: BadValue = { value: "maybe", summary: /Incorrect attribute value type/, fix: /a bool is required/ };

const policy: readonly BadValue[] = ["", "keep", "Delete"].map((value) => ({
  value,
  summary: /Invalid deletion_policy/,
  fix: /one of: "delete", "untag", "retain"/,
}));

const setOfText: BadValue = { value: "text", summary: /Incorrect attribute value type/, fix: /set of string required/ };
const number: BadValue = { value: "some", summary: /Incorrect attribute value type/, fix: /a number is required/ };

const choice = (name: string, values: readonly string[]): readonly BadValue[] =>
  ["", "some", values[0]?.toUpperCase() ?? ""].map((value) => ({
    value,
    summary: new RegExp(`Invalid ${name}`),
    fix: new RegExp(`one of: ${values.map((one) => `"${one}"`).join(", ")}`),
  }));

const anyBool: readonly BadValue[] = ["", "ask", ["true"]].map((value) => ({
  value,
  summary: /Incorrect attribute value type/,
  fix: /bool(ean)?.* (is )?required/,
}));

const globs = (name: string): readonly BadValue[] => [
  { value: ["{a,b"], summary: new RegExp(`Invalid ${name}`), fix: /Cannot select by it: Invalid pattern/ },
  { value: ["fine", "[z"], summary: new RegExp(`Invalid ${name}`), fix: /Cannot select by it: Invalid pattern/ },
  setOfText,
];

const expressions = (name: string): readonly BadValue[] => [
  { value: ["("], summary: new RegExp(`Invalid ${name}`), fix: /Cannot select by it: .*missing/ },
  { value: ["(?=a)"], summary: new RegExp(`Invalid ${name}`), fix: /Cannot select by it: / },
  setOfText,
];

/** What says which tags of a repository are wanted. */
const selection: Readonly<Record<string, readonly BadValue[]>> = {
  mode: ["", "newest", "Highest"].map((value) => ({ value, summary: /Invalid mode/, fix: /Write highest/ })),
  allow_prerelease: anyBool,
  compatibility: ["al pine", "a+b", "a..b"].map((value) => ({
    value,
    summary: /Invalid compatibility/,
    fix: /Write it without the dash/,
  })),
  pinned_major: [-1, 1.5, 1025, 1e300].map((value) => ({
    value,
    summary: /Invalid pinned_major/,
    fix: /whole number from 0/,
  })),
  range: ["", ">=one", "1 to 2"].map((value) => ({ value, summary: /Invalid range/, fix: /Cannot select by it: / })),
  include: globs("include"),
  exclude: globs("exclude"),
  include_regex: expressions("include_regex"),
  exclude_regex: expressions("exclude_regex"),
  keep_latest: [0, -1, 2.5].map((value) => ({
    value,
    summary: /Invalid keep_latest/,
    fix: /whole number from 1/,
  })),
};

/** Of a resource `imagesync_repository`. */
const badRepositoryValues: Readonly<Record<string, readonly BadValue[]>> = {
  source: repositoryName,
  destination: [
    ...repositoryName,
    { value: "a.example/app", summary: /Destination is the source/, fix: /another repository/ },
  ],
  ...selection,
  tags: [{ value: [], summary: /Invalid tags/, fix: /Remove the attribute/ }, setOfText],
  higher_on_empty: ["", "some"].map((value) => ({
    value,
    summary: /Invalid higher_on_empty/,
    fix: /Write none, highest, all/,
  })),
  replace_tag: [bool],
  on_conflict: choice("on_conflict", ["overwrite", "keep", "fail"]),
  platforms: platform,
  required_platforms: platform,
  referrers: [bool],
  integrity_check: choice("integrity_check", ["tag", "manifests", "blobs"]),
  on_source_unavailable: choice("on_source_unavailable", ["keep", "fail"]),
  deletion_policy: policy,
  keep_previous: [
    ...[-1, 21, 1.5].map((value) => ({ value, summary: /Invalid keep_previous/, fix: /from 0 to 20/ })),
    number,
  ],
  create_repository: [bool],
  triggers: [{ value: "text", summary: /Incorrect attribute value type/, fix: /map of string required/ }],
  "deletions.max_share": [
    ...[-0.1, 1.01, 50].map((value) => ({ value, summary: /Invalid max_share/, fix: /from 0 to 1/ })),
    number,
  ],
  "deletions.protect": [{ value: ["[a-"], summary: /Invalid/, fix: /\S/ }, setOfText],
  "deletions.allow_empty_source": [bool],
  "timeouts.create": timeout,
  "timeouts.read": timeout,
  "timeouts.update": timeout,
  "timeouts.delete": timeout,
};

const address: readonly BadValue[] = [
  { value: "", summary: /Invalid registry address/, fix: /Write it as/ },
  { value: "two words", summary: /Invalid registry address/, fix: /Write it as/ },
  { value: "user@host", summary: /Invalid registry address/, fix: /Write it as/ },
];

const notPem: readonly BadValue[] = [
  { value: "", summary: /Not a PEM text/, fix: /file\("ca\.pem"\)/ },
  { value: "/etc/ssl/ca.pem", summary: /Not a PEM text/, fix: /file\("ca\.pem"\)/ },
];

const login = { username: "robot", password: "secret" };

/** By the path in the schema. A test fails for an attribute that is missing here, and for one that is too many. */
const badValues: Readonly<Record<string, readonly BadValue[]>> = {
  "provider.config_file": [{ value: "", summary: /Empty config_file/, fix: /Give the path/ }],
  "provider.config_file_content": [
    { value: "", summary: /Invalid config_file_content/, fix: /file\("config\.json"\)/ },
    { value: "[]", summary: /Invalid config_file_content/, fix: /file\("config\.json"\)/ },
    { value: "{", summary: /Invalid config_file_content/, fix: /file\("config\.json"\)/ },
  ],
  "provider.resolve_at_plan": [bool],
  "provider.deletion_policy": policy,
  "provider.registry_auth.address": [
    ...address.map((bad) => ({ ...bad, beside: login })),
    { value: "r.example", summary: /Login without a secret/, fix: /Give username and password/ },
    { value: "ftp://r.example", summary: /Invalid registry address/, fix: /Write it as/, beside: login },
  ],
  "provider.registry_auth.username": [
    {
      value: "",
      summary: /Empty username/,
      fix: /Give "username" a value/,
      beside: { address: "r.example", password: "x" },
    },
  ],
  "provider.registry_auth.password": [
    {
      value: "",
      summary: /Empty password/,
      fix: /Give "password" a value/,
      beside: { address: "r.example", username: "x" },
    },
  ],
  "provider.registry_auth.identity_token": [
    { value: "", summary: /Empty identity_token/, fix: /a value/, beside: { address: "r.example" } },
    {
      value: "t",
      summary: /Contradicting logins/,
      fix: /Remove the others/,
      beside: { address: "r.example", ...login },
    },
  ],
  "provider.registry_auth.registry_token": [
    { value: "", summary: /Empty registry_token/, fix: /a value/, beside: { address: "r.example" } },
    {
      value: "t",
      summary: /Contradicting logins/,
      fix: /Remove the others/,
      beside: { address: "r.example", identity_token: "u" },
    },
  ],
  "provider.registry_auth.credential_helper": [
    { value: "", summary: /Empty credential_helper/, fix: /a value/, beside: { address: "r.example" } },
    ...["../ecr-login", "docker-credential-ecr-login", "two words", "x; id"].map((value) => ({
      value,
      summary: /Invalid credential_helper/,
      fix: /what follows "docker-credential-"/,
      beside: { address: "r.example" },
    })),
    {
      value: "ecr-login",
      summary: /Contradicting logins/,
      fix: /Remove the others/,
      beside: { address: "r.example", ...login },
    },
  ],
  "provider.registry_auth.config_file": [
    { value: "", summary: /Empty config_file/, fix: /a value/, beside: { address: "r.example" } },
  ],
  "provider.registry_auth.config_file_content": ["", "[]", "{"].map((value) => ({
    value,
    summary: /Invalid config_file_content/,
    fix: /file\("config\.json"\)/,
    beside: { address: "r.example" },
  })),
  "provider.registry_auth.auth_disabled": [{ ...bool, beside: { address: "r.example" } }],
  "provider.registry.address": address,
  "provider.registry.plain_http": [
    { ...bool, beside: { address: "r.example" } },
    {
      value: true,
      summary: /Contradicting transport/,
      fix: /Remove/,
      beside: { address: "r.example", ca_certificate: pem },
    },
  ],
  "provider.registry.insecure_skip_verify": [{ ...bool, beside: { address: "r.example" } }],
  "provider.registry.ca_certificate": notPem.map((bad) => ({ ...bad, beside: { address: "r.example" } })),
  "provider.registry.client_certificate": notPem.map((bad) => ({
    ...bad,
    beside: { address: "r.example", client_key: pem },
  })),
  "provider.registry.client_key": notPem.map((bad) => ({
    ...bad,
    beside: { address: "r.example", client_certificate: pem },
  })),
  "provider.registry.ca_certificate_file": ["", pem].map((value) => ({
    value,
    summary: /Invalid ca_certificate_file/,
    fix: /Give the path/,
    beside: at,
  })),
  "provider.registry.mirrors": [
    { value: "m.example", summary: /Incorrect attribute value type/, fix: /list of string required/, beside: at },
    ...["", "two words", "user@host", "m.example/UPPER", "m.example/a//b"].map((value) => ({
      value: ["m.example", value],
      summary: /Invalid mirror/,
      fix: /Write it as/,
      beside: at,
    })),
  ],
  "provider.registry.headers": [
    { value: "text", summary: /Incorrect attribute value type/, fix: /map of string required/, beside: at },
    ...[{ "two words": "x" }, { Host: "x" }, { "x-a": "1", "X-A": "2" }, { "x-a": "line\nbreak" }].map((value) => ({
      value,
      summary: /Invalid header/,
      fix: /Correct or remove it/,
      beside: at,
    })),
  ],
  "provider.registry.proxy_url": ["", "socks5://p.example", "http://p.example/path"].map((value) => ({
    value,
    summary: /Invalid proxy_url/,
    fix: /Write it as/,
    beside: at,
  })),
  "provider.registry.max_concurrent_requests": [0, -1, 1.5, 5000].map((value) => ({
    value,
    summary: /Invalid max_concurrent_requests/,
    fix: /whole number from 1/,
    beside: at,
  })),
  "provider.registry.requests_per_second": [-1, 0.0001, 1e9].map((value) => ({
    value,
    summary: /Invalid requests_per_second/,
    fix: /or 0 for no limit/,
    beside: at,
  })),
  "provider.registry.vendor": ["", "Harbor", "dockerhub"].map((value) => ({
    value,
    summary: /Invalid vendor/,
    fix: /one of: .*"harbor"/,
    beside: at,
  })),
  "provider.registry.api_url": ["", "api.example", "ftp://api.example"].map((value) => ({
    value,
    summary: /Invalid api_url/,
    fix: /https:\/\/host/,
    beside: at,
  })),
  "provider.default_platforms": [
    { value: ["linux"], summary: /Invalid default_platforms/, fix: /os\/arch/ },
    { value: ["linux/amd64", ""], summary: /Invalid default_platforms/, fix: /os\/arch/ },
    { value: "linux/amd64", summary: /Incorrect attribute value type/, fix: /set of string required/ },
  ],
  "provider.max_parallel_transfers": [0, -1, 2.5, 1001].map((value) => ({
    value,
    summary: /Invalid max_parallel_transfers/,
    fix: /whole number from 1 to 1000/,
  })),
  "provider.max_bandwidth": ["", "50", "fast", "-1MiB", "0B", "1TiB", "50MiB/s"].map((value) => ({
    value,
    summary: /Invalid max_bandwidth/,
    fix: /number with a unit/,
  })),
  "provider.retries": [-1, 0.5, 101].map((value) => ({
    value,
    summary: /Invalid retries/,
    fix: /whole number from 0/,
  })),
  "provider.retry_min_delay": duration("retry_min_delay"),
  "provider.retry_max_delay": [
    ...duration("retry_max_delay"),
    { value: "1s", summary: /Contradicting delays/, fix: /longer of the two/, beside: { retry_min_delay: "2s" } },
    { value: "1ms", summary: /Contradicting delays/, fix: /longer of the two/ },
  ],
  "provider.request_timeout": duration("request_timeout"),
  "imagesync.source": reference,
  "imagesync.destination": reference,
  "imagesync.source_digest": [
    { value: "", summary: /Invalid digest/, fix: /Write sha256:/ },
    { value: "latest", summary: /Invalid digest/, fix: /Write sha256:/ },
    { value: digest.toUpperCase(), summary: /Invalid digest/, fix: /Write sha256:/ },
    {
      value: digest,
      summary: /Contradicting digests/,
      fix: /Remove one/,
      beside: { source: `r.example/app@sha256:${"b".repeat(64)}` },
    },
  ],
  "imagesync.platforms": platform,
  "imagesync.required_platforms": platform,
  "imagesync.integrity_check": ["", "deep", "Tag"].map((value) => ({
    value,
    summary: /Invalid integrity_check/,
    fix: /one of: "tag", "manifests", "blobs"/,
  })),
  "imagesync.on_source_unavailable": ["", "ignore"].map((value) => ({
    value,
    summary: /Invalid on_source_unavailable/,
    fix: /one of: "keep", "fail"/,
  })),
  "imagesync.on_conflict": ["", "replace", "Keep"].map((value) => ({
    value,
    summary: /Invalid on_conflict/,
    fix: /one of: "overwrite", "keep", "fail"/,
  })),
  "imagesync.additional_tags": [
    ...["", "-a", "a b", "a".repeat(129), "\u001b[31m"].map((tag) => ({
      value: ["fine", tag],
      summary: /Invalid additional tag/,
      fix: /Write letters, digits/,
    })),
    {
      value: [`imagesync-previous.${"a".repeat(32)}.1`],
      summary: /Invalid additional tag/,
      fix: /Choose another one/,
    },
    { value: ["1"], summary: /Invalid additional tag/, fix: /already. Remove it here/ },
    {
      value: ["2"],
      summary: /Invalid additional tag/,
      fix: /would delete it. Choose another one/,
      beside: { source: "b.example/app:2" },
    },
    setOfText,
  ],
  "imagesync.referrers": anyBool,
  "imagesync.deletion_policy": policy,
  "imagesync.keep_previous": [
    ...[-1, 21, 1.5, 1e30].map((value) => ({ value, summary: /Invalid keep_previous/, fix: /from 0 to 20/ })),
    { value: "some", summary: /Incorrect attribute value type/, fix: /a number is required/ },
  ],
  "imagesync.keep_digests": [
    { value: [""], summary: /Invalid digest/, fix: /Write sha256:/ },
    { value: [digest, "latest"], summary: /Invalid digest/, fix: /"latest" is not.*Write sha256:/ },
    { value: [`r.example/app@${digest}`], summary: /Invalid digest/, fix: /Write sha256:/ },
    { value: digest, summary: /Incorrect attribute value type/, fix: /set of string required/ },
  ],
  "imagesync.create_repository": anyBool,
  "imagesync.triggers": [
    { value: { at: ["list"] }, summary: /Incorrect attribute value type/, fix: /string required/ },
    { value: "text", summary: /Incorrect attribute value type/, fix: /map of string required/ },
  ],
  "imagesync.timeouts.create": timeout,
  "imagesync.timeouts.read": timeout,
  "imagesync.timeouts.update": timeout,
  "imagesync.timeouts.delete": timeout,
  ...Object.fromEntries(
    Object.entries(badRepositoryValues).map(([name, cases]) => [`imagesync_repository.${name}`, cases]),
  ),
  "data.imagesync_image.source": reference,
  "data.imagesync_tags.repository": [
    ...reference,
    { value: "r.example/app:1", summary: /Invalid image reference/, fix: /the repository alone/ },
    { value: `r.example/app@${digest}`, summary: /Invalid image reference/, fix: /the repository alone/ },
  ],
  "data.imagesync_tags.resolve_digests": anyBool,
  ...Object.fromEntries(
    Object.entries(selection).map(([name, values]) => [
      `data.imagesync_tags.${name}`,
      values.map((each) => ({ ...each, beside: { repository: "r.example/app" } })),
    ]),
  ),
};

/** A configuration that is right but for the one value. */
function configurationWith(path: string, value: HclValue, beside: Body = {}): string {
  const names = path.split(".");
  const name = names.at(-1) ?? "";
  const body: Body = { ...beside, [name]: value };
  if (names[0] === "provider") {
    const provider = names.length === 3 ? { [names[1] ?? ""]: nested(body) } : body;
    return configuration(provider, mirror({ source: "a.example/app:1", destination: "b.example/app:1" }));
  }
  if (names[0] === "data") return configuration({}, block(`data ${JSON.stringify(names[1])} "x"`, body));
  const attributes = names.length === 3 ? { [names[1] ?? ""]: nested(body) } : body;
  if (names[0] === "imagesync_repository") {
    return configuration({}, repository({ source: "a.example/app", destination: "b.example/app", ...attributes }));
  }
  return configuration({}, mirror({ source: "a.example/app:1", destination: "b.example/app:1", ...attributes }));
}

/** A value that terraform itself finds nothing wrong with. */
function fitting(type: unknown): HclValue {
  if (type === "string") return "text";
  if (type === "bool") return true;
  if (Array.isArray(type) && type[0] === "list") return ["text"];
  return type === "number" ? 1 : { key: "text" };
}

async function attributes(): Promise<readonly SchemaAttribute[]> {
  const workspace = await openWorkspaceFor(await openAttached());
  await workspace.write(configuration({}));
  return await schemaAttributes(workspace);
}

describe.skipIf(terraformProgram === undefined)("the attributes that the provider declares", patient, () => {
  test("every one that can be written has bad values in this table, and the table has no others", async () => {
    const writable = (await attributes()).filter((attribute) => attribute.use !== "computed").map(({ path }) => path);
    expect(Object.keys(badValues).toSorted()).toEqual(writable.toSorted());
  });

  test("every one is described by a whole sentence", async () => {
    const undescribed = (await attributes()).filter(({ description }) => !/^[A-Z`].*\.$/s.test(description));
    expect(undescribed).toEqual([]);
  });

  test("secrets and only secrets are sensitive", async () => {
    const sensitive = (await attributes()).filter((attribute) => attribute.sensitive).map(({ path }) => path);
    expect(sensitive.toSorted()).toEqual([
      "provider.config_file_content",
      "provider.registry.client_key",
      "provider.registry.headers",
      "provider.registry.proxy_url",
      "provider.registry_auth.config_file_content",
      "provider.registry_auth.identity_token",
      "provider.registry_auth.password",
      "provider.registry_auth.registry_token",
    ]);
  });

  test.each(Object.entries(badValues))("%s is refused offline, on its line, with a way out", async (path, cases) => {
    const workspace = await openWorkspaceFor(await openAttached());
    for (const { value, summary, fix, beside } of cases) {
      await workspace.write(configurationWith(path, value, beside));
      const findings = await workspace.validate();
      const name = path.split(".").at(-1) ?? "";
      const found = findings.find((finding) => finding.line?.startsWith(name));
      expect(found, `${path} = ${JSON.stringify(value)}: ${JSON.stringify(findings)}`).toMatchObject({
        severity: "error",
        summary: expect.stringMatching(summary),
        detail: expect.stringMatching(fix),
      });
      expect(found?.detail).not.toMatch(/report/);
    }
  });

  test("what only the provider can set is refused on its line", async () => {
    const workspace = await openWorkspaceFor(await openAttached());
    const computed = (await attributes()).filter((attribute) => attribute.use === "computed");
    expect(computed.length).toBeGreaterThan(5);
    const refused: string[] = [];
    for (const { path, type } of computed) {
      const required: Readonly<Record<string, Body>> = {
        imagesync_image: { source: "a.example/app:1" },
        imagesync_tags: { repository: "a.example/app" },
      };
      await workspace.write(configurationWith(path, fitting(type), required[path.split(".")[1] ?? ""]));
      const name = path.split(".").at(-1) ?? "";
      const found = (await workspace.validate()).find(({ line }) => line?.startsWith(name));
      if (found?.summary === "Attribute is read-only" && found.detail.includes("Remove this line")) refused.push(path);
    }
    expect(refused).toEqual(computed.map(({ path }) => path));
  });

  test("null is refused where there has to be a value, and among the elements of lists and sets", async () => {
    const workspace = await openWorkspaceFor(await openAttached());
    const isList = (type: unknown): boolean => Array.isArray(type) && (type[0] === "list" || type[0] === "set");
    const cases = (await attributes()).flatMap(({ path, type, use }) => [
      ...(use === "required" ? [{ path, value: expression("null"), summary: "Missing" }] : []),
      ...(use !== "computed" && isList(type) ? [{ path, value: [expression("null")], summary: "Invalid" }] : []),
    ]);
    expect(cases.length).toBeGreaterThan(15);
    const beside: Readonly<Record<string, Body>> = {
      "provider.registry": at,
      "provider.registry_auth": { address: "r.example", ...login },
      "data.imagesync_tags": { repository: "r.example/app" },
    };
    for (const { path, value, summary } of cases) {
      const place = path.slice(0, path.lastIndexOf("."));
      await workspace.write(configurationWith(path, value, beside[place]));
      const name = path.split(".").at(-1) ?? "";
      const found = (await workspace.validate()).find(({ line }) => line?.startsWith(name));
      expect(found, `${path} is null`).toMatchObject({
        summary: `${summary} ${name}`,
        detail: expect.stringContaining("null"),
      });
    }
  });

  test("all findings of a configuration are reported at once", async () => {
    const workspace = await openWorkspaceFor(await openAttached());
    await workspace.write(
      configuration(
        {},
        mirror({
          source: "no spaces",
          destination: "UPPER",
          platforms: ["nonsense", "more nonsense"],
          integrity_check: "deep",
          timeouts: nested({ create: "soon", delete: "later" }),
        }),
      ),
    );
    const lines = (await workspace.validate()).map((finding) => finding.line?.split(" ")[0]);
    expect(lines.map(String).toSorted()).toEqual([
      "create",
      "delete",
      "destination",
      "integrity_check",
      "platforms",
      "platforms",
      "source",
    ]);
  });

  test.each<[string, Body, RegExp]>([
    [
      "a login without its password",
      { registry_auth: nested({ address: "r.example", username: "x" }) },
      /belong together|no secret/,
    ],
    [
      "a disabled login with a secret",
      { registry_auth: nested({ address: "r.example", auth_disabled: true, registry_token: "t" }) },
      /Only one of these/,
    ],
    [
      "a login that is configured twice",
      {
        registry_auth: [
          nested({ address: "r.example", ...login }),
          nested({ address: "r.example", auth_disabled: true }),
        ],
      },
      /Remove one, or give one a longer path/,
    ],
    [
      "a registry that is configured twice",
      { registry: [nested({ address: "r.example" }), nested({ address: "r.example", plain_http: true })] },
      /Merge the two/,
    ],
    [
      "a client certificate without its key",
      { registry: nested({ address: "r.example", client_certificate: pem }) },
      /Give "client_key" too/,
    ],
  ])("%s is refused", async (_name, provider, detail) => {
    const workspace = await openWorkspaceFor(await openAttached());
    await workspace.write(configuration(provider, mirror({ source: "a.example/a:1", destination: "b.example/a:1" })));
    const errors = (await workspace.validate()).filter(({ severity }) => severity === "error");
    expect(errors.map((error) => error.detail).join()).toMatch(detail);
  });

  test("a config_file that does not exist fails the plan and names the file", async () => {
    const stage = await setStage({ provider: { config_file: "/does/not/exist.json" } });
    await stage.workspace.write(
      stage.config(mirror({ source: `${stage.source.host}/a:1`, destination: `${stage.destination.host}/a:1` })),
    );
    expect((await stage.workspace.planFails()).text).toMatch(/\/does\/not\/exist\.json/);
  });
});
