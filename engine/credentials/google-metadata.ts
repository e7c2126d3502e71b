import { errorName, fieldsOf, lifetimeMs, tokenIn } from "./cloud-answer.ts";
import { cloudFailure } from "./cloud-failure.ts";
import type { CloudQuestion } from "./cloud-login.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import { variable } from "./environment.ts";

/** The link-local address that is Google's metadata service on a machine of Google, and somebody else's on others. */
const defaultHost = "169.254.169.254";

/** On the machine's own link an answer takes a millisecond; everywhere else nobody ever answers. */
const probeMs = 1_000;

/** The first token of a workload in Kubernetes takes seconds. */
const tokenMs = 20_000;

const flavor = "metadata-flavor";

/** A token of the service account that is attached to the machine. */
export interface MetadataLogin {
  readonly token: string;
  readonly expiresAtMs: number;
  readonly origin: string;
}

/**
 * Asks the metadata service of a machine at Google; undefined on other machines and where no service account is attached.
 * `GCE_METADATA_HOST` names another address; `METADATA_SERVER_DETECTION=none` switches the search off.
 * @throws for a service account that gets no token.
 * @see https://cloud.google.com/compute/docs/metadata/querying-metadata
 */
export async function findMetadataLogin(question: CloudQuestion): Promise<MetadataLogin | undefined> {
  const { environment, registry } = question;
  if (variable(environment, "METADATA_SERVER_DETECTION")?.toLowerCase() === "none") return undefined;
  const host = variable(environment, "GCE_METADATA_HOST") ?? variable(environment, "GCE_METADATA_IP") ?? defaultHost;
  const base = `http://${host}/computeMetadata/v1/instance`;
  if (!URL.canParse(base)) return undefined;
  const probe = await ask(question, `${base}/`, probeMs).catch(() => undefined);
  if (probe?.headers.get(flavor) !== "Google") return undefined;

  const origin = "the service account of this machine (Google's metadata server)";
  const answer = await ask(question, `${base}/service-accounts/default/token`, tokenMs).catch(() => undefined);
  if (answer?.status === 404) return undefined;
  const fields = answer === undefined ? new Map<string, unknown>() : fieldsOf(answer);
  const token = tokenIn(fields, "access_token");
  if (answer?.status === 200 && token !== undefined) {
    return { token, origin, expiresAtMs: Date.now() + lifetimeMs(fields.get("expires_in")) };
  }
  const name = errorName(fields);
  const why =
    answer === undefined
      ? "it gave no answer"
      : `it answered with status ${answer.status}${name === undefined ? "" : ` (${name})`} and no token`;
  const hint = "Check the service account and the access scopes of the machine";
  throw cloudFailure({ registry, origin, why, hint, status: answer?.status });
}

function ask(question: CloudQuestion, url: string, timeoutMs: number): Promise<CloudAnswer> {
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(timeoutMs)]);
  const headers = { [flavor]: "Google" };
  return question.requestDirectly({ method: "GET", url: new URL(url), headers }, signal);
}
