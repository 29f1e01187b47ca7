import type { Access } from "../access/access.js";
import type { Identity, Role } from "../access/role.js";
import { HttpProblem } from "./http-reply.js";
import type { HttpRequest } from "./http-request.js";

/** What operators ask stands below it. */
export const ADMIN = "/v1/admin/";

const SCHEMES = { "www-authenticate": 'Basic realm="hexraft", charset="UTF-8", Bearer' };

/**
 * Who a request comes from: `Basic` with user and password, or `Bearer` with the token `user~password`.
 *
 * @throws HttpProblem 401, which says nothing of what was sent; RaftError `Overloaded`.
 */
export async function identify(access: Access, authorization: string | undefined): Promise<Identity> {
  if (authorization === undefined)
    throw new HttpProblem(401, "Unauthenticated", "Say who you are, by Basic or Bearer authorization.", {}, SCHEMES);
  const [, scheme = "", value = ""] = /^(basic|bearer) +(\S+) *$/i.exec(authorization) ?? [];
  const isBasic = scheme.toLowerCase() === "basic";
  const text = isBasic ? Buffer.from(value, "base64").toString("utf8") : value;
  const cut = text.indexOf(isBasic ? ":" : "~");
  const identity = cut < 0 ? null : await access.login(text.slice(0, cut), text.slice(cut + 1));
  if (identity === null)
    throw new HttpProblem(401, "Unauthenticated", "The user is not known, or the password is wrong.", {}, SCHEMES);
  return identity;
}

/** What one has to be allowed for a request. Whether a node is alive is no secret: load balancers have no password. */
export function roleFor({ method, path }: HttpRequest): Role {
  if (path === "/healthz" || path === "/readyz") return "none";
  if (path.startsWith(ADMIN)) return "admin";
  return method === "GET" || method === "HEAD" ? "read" : "write";
}
