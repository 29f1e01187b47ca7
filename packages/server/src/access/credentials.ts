import { readFileSync } from "node:fs";
import { badField } from "../serve/bad-field.js";

/** Where the password of `--user` may stand; never an argument, which everybody on the machine can see. */
export const PASSWORD_VARIABLE = "HEXRAFT_PASSWORD";

/** Who asks. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The password out of a file, or out of the environment. @throws RaftError `BadOption`. */
export function credentialsOf(user: string | undefined, passwordFile: string | undefined): Credentials | undefined {
  if (user === undefined) {
    if (passwordFile !== undefined) throw badField("--password-file", passwordFile, "says whose it is by --user");
    return undefined;
  }
  const password = passwordFile === undefined ? process.env[PASSWORD_VARIABLE] : textOfFile(passwordFile);
  if (password === undefined || password === "")
    throw badField("--user", user, `needs a password, in the variable ${PASSWORD_VARIABLE} or by --password-file`);
  return { user, password };
}

function textOfFile(path: string): string {
  try {
    return (readFileSync(path, "utf8").split("\n")[0] as string).replace(/\r$/, "");
  } catch (error) {
    throw badField("--password-file", path, `must be a file that can be read (${(error as Error).message})`);
  }
}
