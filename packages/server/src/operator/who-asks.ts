import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { type Credentials, credentialsOf, PASSWORD_VARIABLE } from "../access/credentials.js";
import { badField } from "../serve/bad-field.js";

/** The flags of every command that asks running nodes. */
export interface WhoAsksFlags {
  readonly user?: string;
  readonly passwordFile?: string;
  /** PEM file: who signed for the doors. */
  readonly ca?: string;
}

/** Who asks, and whom he believes. */
export interface WhoAsks {
  readonly credentials: Credentials | undefined;
  /** PEM: who signed for the doors; undefined: whom this machine trusts. */
  readonly ca: string | undefined;
}

/** Gives a command these flags; `wanted` says which user. */
export const takeWhoAsks = (command: Command, wanted: string): Command =>
  command
    .option("--user <name>", `${wanted}; the password is in ${PASSWORD_VARIABLE}`)
    .option("--password-file <path>", "… or in the first line of this file")
    .option("--ca <file>", "PEM: the authority that vouches for the doors, where they speak TLS");

/** Reads what they name. @throws RaftError `BadOption`. */
export function whoAsks({ user, passwordFile, ca }: WhoAsksFlags): WhoAsks {
  return { credentials: credentialsOf(user, passwordFile), ca: ca === undefined ? undefined : certificatesIn(ca) };
}

function certificatesIn(path: string): string {
  try {
    const pem = readFileSync(path, "utf8");
    void new X509Certificate(pem);
    return pem;
  } catch (error) {
    throw badField("--ca", path, `must hold PEM certificates (${(error as Error).message})`);
  }
}
