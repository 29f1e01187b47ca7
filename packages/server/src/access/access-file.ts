import { readFileSync } from "node:fs";
import { isName, RaftError } from "@hexraft/core/ports";
import { Access, type User } from "./access.js";
import { ROLES, type Role } from "./role.js";
import { parseSecretHash } from "./secret-hash.js";

/** Where the users may stand instead of in a file. */
export const ACCESS_VARIABLE = "HEXRAFT_ACCESS";

/**
 * Who may use the doors: out of a file, or else out of the environment, or else everybody.
 *
 * @throws RaftError `BadOption`, which names the field and never what it holds.
 */
export function readAccess(file: string | undefined, environment: string | undefined): Access {
  if (file !== undefined) return parseAccess(textOf(file), `the access file ${file}`);
  if (environment !== undefined && environment !== "")
    return parseAccess(environment, `the variable ${ACCESS_VARIABLE}`);
  return Access.open;
}

/** `{ "anonymous": role, "users": { name: { "role": role, "secret": hash } } }` */
function parseAccess(text: string, where: string): Access {
  const bad = (field: string, rule: string) =>
    new RaftError("BadOption", "refused", `In ${where} ${field} ${rule}.`, { where, field, rule });
  const record = (field: string, value: unknown): Readonly<Record<string, unknown>> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw bad(field, "must be an object");
    return value as Readonly<Record<string, unknown>>;
  };
  const only = (field: string, value: Readonly<Record<string, unknown>>, known: readonly string[]) => {
    // Which field it is, is not said: somebody may have put a secret where a name belongs.
    if (Object.keys(value).some((name) => !known.includes(name)))
      throw bad(field, `has a field that is not known; known are ${known.join(", ")}`);
  };
  const roleOf = (field: string, value: unknown): Role => {
    if (!ROLES.includes(value as Role)) throw bad(field, `must be one of ${ROLES.join(", ")}`);
    return value as Role;
  };
  let whole: Readonly<Record<string, unknown>>;
  try {
    whole = record("everything", JSON.parse(text));
  } catch (error) {
    if (error instanceof RaftError) throw error;
    throw bad("everything", "must be one JSON object"); // what JSON.parse says would quote it
  }
  only("everything", whole, ["anonymous", "users"]);
  const users = new Map<string, User>();
  for (const [name, value] of Object.entries(record("users", whole["users"] ?? {}))) {
    if (!isName(name)) throw bad("users", "must have names of 1–64 characters of A–Z a–z 0–9 . _ -");
    const user = record(`users.${name}`, value);
    only(`users.${name}`, user, ["role", "secret"]);
    const hash = typeof user["secret"] === "string" ? parseSecretHash(user["secret"]) : undefined;
    if (hash === undefined)
      throw bad(`users.${name}.secret`, "must be what `hexraft secret` prints, a hash and not the secret");
    users.set(name, { role: roleOf(`users.${name}.role`, user["role"]), secret: hash });
  }
  return new Access(users, roleOf("anonymous", whole["anonymous"] ?? "none"));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    const rule = `must be a file that can be read (${code})`;
    throw new RaftError("BadOption", "refused", `access is ${file}, but it ${rule}.`, { field: "access", rule });
  }
}
