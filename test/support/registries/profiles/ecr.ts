import type { Api, ApiCall, Reply } from "../../../../embedded-registry/index.ts";
import { basicAuthorization } from "../login.ts";
import { jsonObject } from "./address.ts";
import { deleteImages } from "./ecr-images.ts";
import type { Login, Profile, Stage } from "./profile.ts";
import { refusal } from "./refusal.ts";
import { keepChildren, refuseBlobDelete, refuseDeletes, refuseTagDelete, unsupported } from "./rules-delete.ts";
import { longestPage } from "./rules-list.ts";
import { existingOnly, mountOnlyUsed, patchStatus } from "./rules-push.ts";

const login: Login = { user: "AWS", password: "a-token-of-twelve-hours" };
const target = "AmazonEC2ContainerRegistry_V20150921.";

/** Amazon ECR, private. Its API is signed with keys that have nothing to do with the registry's login. */
export const ecr: Profile = {
  name: "ecr",
  vendor: "ecr",
  cells: {
    login: { is: "Basic AWS:token", known: "doc" },
    tagDelete: { is: "405 UNSUPPORTED", known: "memory" },
    digestDelete: { is: "yes, with all its tags; 403 in an index", known: "memory" },
    blobDelete: { is: "405 UNSUPPORTED", known: "memory" },
    referrers: { is: "API", known: "doc" },
    mount: { is: "201 if a manifest names it", known: "issue" },
    chunks: { is: "PATCH 201", known: "issue" },
    creation: { is: "must exist", known: "doc" },
    tagPages: { is: "400 above 1000", known: "code" },
    refusedDelete: { is: "403 v2, AccessDeniedException API", known: "doc" },
    api: { is: "BatchDeleteImage; the last tag takes the image", known: "doc" },
  },
  login,
  auth: ({ user, password }) => ({ kind: "basic", users: { [user]: password } }),
  rules: (stage) => {
    const { contents, options } = stage;
    return [
      existingOnly(
        (repository) => exists(stage, repository),
        Infinity,
        (repository) =>
          refusal(
            404,
            "NAME_UNKNOWN",
            `The repository with name '${repository}' does not exist in the registry with id '123456789012'`,
          ),
      ),
      ...(options.deletes === false
        ? [refuseDeletes(refusal(403, "DENIED", "User is not authorized to perform: ecr:BatchDeleteImage"))]
        : []),
      refuseTagDelete(unsupported),
      refuseBlobDelete(unsupported),
      keepChildren(contents, (_exchange, parents) =>
        refusal(403, "DENIED", `Requested image referenced by manifest list: [${parents.join(", ")}]`),
      ),
      longestPage(1000, refusal(400, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")),
      mountOnlyUsed(contents),
      patchStatus(201),
    ];
  },
  elsewhere: ecrApi,
};

const created = new WeakMap<Stage["contents"], Set<string>>();

function exists({ contents, options }: Pick<Stage, "contents" | "options">, repository: string): boolean {
  if (options.repositories === undefined) return true;
  return options.repositories.includes(repository) || created.get(contents)?.has(repository) === true;
}

/** JSON 1.1 with a signature of version 4, of which only the form is looked at: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/ */
function ecrApi(stage: Stage): Api {
  const names = new Set<string>();
  created.set(stage.contents, names);
  return async (call) => {
    const operation = String(call.headers["x-amz-target"] ?? "");
    if (call.method !== "POST" || call.path !== "/" || !operation.startsWith(target)) {
      return exception(400, "UnknownOperationException", "");
    }
    const refused = checkSignature(call);
    if (refused !== undefined) return refused;
    const input = jsonObject(await call.body());
    if (input === undefined) return exception(400, "SerializationException", "");
    switch (operation.slice(target.length)) {
      case "GetAuthorizationToken":
        return amzJson(200, { authorizationData: [authorization(stage)] });
      case "CreateRepository":
        return createRepository(stage, names, String(input["repositoryName"]));
      case "BatchDeleteImage":
        return batchDelete(stage, input);
      default:
        return exception(400, "UnknownOperationException", "");
    }
  };
}

async function batchDelete(stage: Stage, input: Readonly<Record<string, unknown>>): Promise<Reply> {
  const repository = String(input["repositoryName"]);
  if (stage.options.deletes === false) {
    const who = "arn:aws:iam::123456789012:user/mirror";
    const message = `User: ${who} is not authorized to perform: ecr:BatchDeleteImage on resource: arn:aws:ecr:eu-central-1:123456789012:repository/${repository}`;
    return exception(400, "AccessDeniedException", message);
  }
  if (!exists(stage, repository)) return unknownRepository(repository);
  const ids = input["imageIds"];
  if (!Array.isArray(ids) || ids.length < 1 || ids.length > 100) {
    const message =
      "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'";
    return exception(400, "InvalidParameterException", message);
  }
  return amzJson(200, await deleteImages(stage.contents, repository, ids));
}

function createRepository(stage: Stage, names: Set<string>, repository: string): Reply {
  if (stage.options.repositories !== undefined && exists(stage, repository)) {
    const message = `The repository with name '${repository}' already exists in the registry with id '123456789012'`;
    return exception(400, "RepositoryAlreadyExistsException", message);
  }
  names.add(repository);
  const repositoryArn = `arn:aws:ecr:eu-central-1:123456789012:repository/${repository}`;
  return amzJson(200, { repository: { repositoryArn, registryId: "123456789012", repositoryName: repository } });
}

function unknownRepository(repository: string): Reply {
  const message = `The repository with name '${repository}' does not exist in the registry with id '123456789012'`;
  return exception(400, "RepositoryNotFoundException", message);
}

function authorization(stage: Stage): object {
  const expiresAt = Math.floor(Date.now() / 1000) + 12 * 3600;
  const authorizationToken = basicAuthorization(stage.login).slice("Basic ".length);
  return { authorizationToken, expiresAt, proxyEndpoint: "https://123456789012.dkr.ecr.eu-central-1.amazonaws.com" };
}

function checkSignature(call: ApiCall): Reply | undefined {
  const header = call.headers.authorization ?? "";
  if (header === "") return exception(400, "MissingAuthenticationTokenException", "Missing Authentication Token");
  const form =
    /^AWS4-HMAC-SHA256 Credential=[^/, ]+\/\d{8}\/[a-z0-9-]+\/ecr\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;
  if (!form.test(header) || call.headers["x-amz-date"] === undefined) {
    return exception(400, "IncompleteSignatureException", "Authorization header requires 'Credential', 'Signature'");
  }
  return undefined;
}

function exception(status: number, type: string, message: string): Reply {
  return amzJson(status, { __type: type, message });
}

function amzJson(status: number, value: unknown): Reply {
  const headers = {
    "Content-Type": "application/x-amz-json-1.1",
    "x-amzn-RequestId": "00000000-0000-0000-0000-000000000000",
  };
  return { status, headers, body: Buffer.from(JSON.stringify(value)) };
}
