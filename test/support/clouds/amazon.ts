import type { ServerResponse } from "node:http";
import { json, type Received, type ScriptedServer, startServer } from "../../engine/http/scripted-server.ts";
import { type SignatureScope, verifiedScope } from "./amazon-signature.ts";

export const accessKey = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret-Canary/key" } as const;

interface AmazonCall extends SignatureScope {
  /** `GetAuthorizationToken` */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface AmazonServerOptions {
  /** Answers a call itself by returning true. */
  readonly onCall?: (call: AmazonCall, response: ServerResponse) => boolean;
  /** Seconds that tokens live. @default 12 hours, as Amazon has it */
  readonly expiresIn?: number;
}

export interface AmazonServer extends ScriptedServer {
  readonly calls: readonly AmazonCall[];
  /** Repositories that were created. */
  readonly repositories: ReadonlySet<string>;
}

const targets: Readonly<Record<string, string>> = {
  AmazonEC2ContainerRegistry_V20150921: "ecr",
  SpencerFrontendService: "ecr-public",
};

/** Answers with an error in the form of AWS JSON 1.1. */
export function amazonError(response: ServerResponse, status: number, name: string, message: string): true {
  response.setHeader("x-amzn-requestid", "0");
  json(response, status, { __type: `com.amazonaws.ecr#${name}`, message }, { "content-type": contentType });
  return true;
}

const contentType = "application/x-amz-json-1.1";

/**
 * The API of ECR and of the public gallery. Strict about signatures: each request is verified with the one key there is.
 * @see https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html
 */
export async function startAmazon(options: AmazonServerOptions = {}): Promise<AmazonServer> {
  const calls: AmazonCall[] = [];
  const repositories = new Set<string>();
  const ok = (response: ServerResponse, value: unknown): void =>
    json(response, 200, value, { "content-type": contentType });

  const server = await startServer((request, response) => {
    const scope = verifiedScope(request, accessKey.secretAccessKey);
    const [service = "", action = ""] = String(request.headers["x-amz-target"]).split(".");
    if (request.headers["content-type"] !== contentType || targets[service] === undefined) {
      return amazonError(response, 400, "UnknownOperationException", "");
    }
    if (scope === undefined) return amazonError(response, 400, "InvalidSignatureException", signatureText(request));
    if (scope.accessKeyId !== accessKey.accessKeyId) {
      return amazonError(
        response,
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
      );
    }
    if (scope.service !== targets[service]) {
      return amazonError(
        response,
        400,
        "InvalidSignatureException",
        `Credential should be scoped to correct service: '${targets[service]}'.`,
      );
    }
    const call = { ...scope, action, input: JSON.parse(request.body.toString()) as Record<string, unknown> };
    calls.push(call);
    if (options.onCall?.(call, response) === true) return undefined;
    if (action === "GetAuthorizationToken") {
      const authorization = {
        authorizationToken: Buffer.from(`AWS:password-${calls.length}-${scope.region}`).toString("base64"),
        expiresAt: Math.floor(Date.now() / 1000) + (options.expiresIn ?? 12 * 3600),
      };
      return ok(response, {
        authorizationData:
          scope.service === "ecr-public"
            ? authorization
            : [{ ...authorization, proxyEndpoint: `https://123456789012.dkr.ecr.${scope.region}.amazonaws.com` }],
      });
    }
    if (action !== "CreateRepository") return amazonError(response, 400, "UnknownOperationException", "");
    const name = String(call.input["repositoryName"]);
    if (!/^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name) || name.length < 2) {
      return amazonError(
        response,
        400,
        "InvalidParameterException",
        "Invalid parameter at 'repositoryName' failed to satisfy constraint",
      );
    }
    if (repositories.has(name)) {
      return amazonError(
        response,
        400,
        "RepositoryAlreadyExistsException",
        `The repository with name '${name}' already exists`,
      );
    }
    repositories.add(name);
    return ok(response, {
      repository: { repositoryName: name, registryId: call.input["registryId"] ?? "123456789012" },
    });
  });
  return { ...server, calls, repositories };
}

/** Amazon repeats the request here, as text: what must not come through to a message. */
function signatureText(request: Received): string {
  return `The request signature we calculated does not match the signature you provided. ${request.headers.authorization}`;
}
