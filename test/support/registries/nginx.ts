import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { type RunningProgram, startProgram } from "./program.ts";
import { requireTool } from "./tool.ts";

/** Path of the program, or undefined: see `requireTool`. */
export const nginxProgram: string | undefined = requireTool("nginx");

/** An nginx that ends TLS in front of a registry and lets in only who shows a certificate of its authority. */
export interface RunningNginx extends RunningProgram {
  /** The authority, its server certificate, and the pair that clients show. */
  readonly certificates: TestCertificates;
}

/** Starts one in front of `target`, `host:port` without encryption. */
export async function startNginx(target: string): Promise<RunningNginx> {
  if (nginxProgram === undefined) throw new Error("nginx is not on PATH");
  const certificates = await makeCertificates();
  const running = await startProgram(nginxProgram, async (port, directory) => {
    await writeFile(join(directory, "ca.crt"), certificates.ca);
    await writeFile(join(directory, "server.crt"), certificates.cert);
    await writeFile(join(directory, "server.key"), certificates.key);
    const file = join(directory, "nginx.conf");
    await writeFile(file, configuration(target, port, directory));
    return ["-p", directory, "-c", file, "-e", "stderr"];
  });
  return { ...running, certificates };
}

/** What the documentation of docker-registry recommends, with a demand for client certificates. */
function configuration(target: string, port: number, directory: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${join(directory, name)};`)
    .join("\n");
  return `daemon off;
master_process off;
pid ${join(directory, "nginx.pid")};
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
${temporary}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${join(directory, "server.crt")};
    ssl_certificate_key ${join(directory, "server.key")};
    ssl_client_certificate ${join(directory, "ca.crt")};
    ssl_verify_client on;
    client_max_body_size 0;
    location / {
      proxy_pass http://${target};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_request_buffering off;
      proxy_buffering off;
    }
  }
}
`;
}
