import { createHash, createPublicKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { makeCertificates } from "./certificates.ts";
import { basicAuthorization } from "./login.ts";
import { listen, type ListeningServer } from "./listening-server.ts";

/** A token server that signs tokens for a docker-registry. */
export interface TokenServer {
  /** Address for challenges. */
  readonly realm: string;
  readonly issuer: string;
  readonly service: string;
  /** PEM of the certificate that tokens are signed with: the registry's `rootcertbundle`. */
  readonly certificate: string;
  /** How many tokens were issued. */
  issued(): number;
  close(): Promise<void>;
}

/** How tokens are issued. */
export interface TokenServerOptions {
  /** Whether clients without credentials get `pull`. Default false. */
  readonly anonymousPull?: boolean;
  /** Default 300. */
  readonly lifetimeSeconds?: number;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

const ISSUER = "imagesync test issuer";
const SERVICE = "docker-registry";

/**
 * Starts a token server for the test login: GET, https://distribution.github.io/distribution/spec/auth/jwt/.
 * The registry finds the key of a token by the certificate in its `x5c` header; the `kid` is the fingerprint in libtrust's
 * form, which is what it compares when there is no certificate.
 */
export async function startTokenServer(options: TokenServerOptions = {}): Promise<TokenServer> {
  const { ca, cert, key } = await makeCertificates();
  const certificate = new X509Certificate(cert);
  const header = {
    typ: "JWT",
    alg: "ES256",
    kid: libtrustKeyId(certificate),
    x5c: [certificate.raw.toString("base64")],
  };
  const lifetimeSeconds = options.lifetimeSeconds ?? 300;
  let issued = 0;

  function token(user: string | undefined, access: readonly Access[]): string {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      sub: user ?? "",
      aud: SERVICE,
      exp: now + lifetimeSeconds,
      // The registry allows no clock to be ahead of its own.
      nbf: now - 10,
      iat: now,
      jti: randomUUID(),
      access,
    };
    const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    // A JWT holds the two numbers of the signature one after the other, not in DER.
    const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const authorization = request.headers.authorization;
    const known = authorization === basicAuthorization();
    const anonymous = authorization === undefined && options.anonymousPull === true;
    if (request.method !== "GET" || !(known || anonymous)) {
      response.writeHead(request.method === "GET" ? 401 : 405).end();
      return;
    }
    const query = new URL(request.url ?? "", "http://token.invalid").searchParams;
    const access = query
      .getAll("scope")
      .flatMap((scopes) => scopes.split(" "))
      .flatMap((scope) => parseScope(scope, anonymous));
    issued += 1;
    const body = { token: token(known ? "mirror" : undefined, access), expires_in: lifetimeSeconds };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }

  const server: ListeningServer = await listen(createServer(answer));
  return {
    realm: `http://${server.host}/token`,
    issuer: ISSUER,
    service: SERVICE,
    certificate: ca,
    issued: () => issued,
    close: () => server.close(),
  };
}

function parseScope(scope: string, anonymous: boolean): Access[] {
  const [type, name, actions] = scope.split(":");
  if (type === undefined || name === undefined || actions === undefined) return [];
  const granted = actions.split(",").filter((action) => !anonymous || action === "pull");
  return granted.length === 0 ? [] : [{ type, name, actions: granted }];
}

/** Twelve groups of four letters from the first 240 bits of the hash of the public key. */
function libtrustKeyId(certificate: X509Certificate): string {
  const der = createPublicKey(certificate.publicKey.export({ type: "spki", format: "pem" })).export({
    type: "spki",
    format: "der",
  });
  const bits = [...createHash("sha256").update(der).digest().subarray(0, 30)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const letters = (bits.match(/.{5}/g) ?? []).map(
    (five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)],
  );
  return letters.join("").replace(/(.{4})(?!$)/g, "$1:");
}
