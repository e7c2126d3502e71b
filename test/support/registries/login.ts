/** The one user of every registry of the tests. The password has what breaks careless code: a colon, a plus, a slash. */
export const testLogin = { user: "mirror", password: "s3cret:with+signs/=" } as const;

/** The same as a line of an htpasswd file: bcrypt, the only form that docker-registry takes. */
export const htpasswdLine = "mirror:$2y$05$abcdefghijklmnopqrstuuT80oZ3R8jDnOLodxtXHV4nmOPXFZOgi\n";

/** The value of an `Authorization` header for Basic authentication. */
export function basicAuthorization(login: { user: string; password: string } = testLogin): string {
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
}
