import { randomBytes } from "node:crypto";
import { RaftError } from "@hexraft/core/ports";
import { hashSecret } from "./secret-hash.js";

/** Entropy of a secret that is made here, bytes. */
const GENERATED_BYTES = 32;
const INPUT_BYTES_MAX = 4_096;

/** Prints the hash of a secret. It comes by standard input, for arguments are seen by everybody on the machine. @throws RaftError */
export async function runSecret(
  generate: boolean,
  input: AsyncIterable<Buffer | string>,
  say: (line: string) => void,
): Promise<void> {
  const secret = generate ? randomBytes(GENERATED_BYTES).toString("base64url") : await firstLine(input);
  if (secret === "") throw new RaftError("BadOption", "refused", "The secret is empty; write it to standard input.");
  if (generate) say(secret);
  say(await hashSecret(secret));
}

async function firstLine(input: AsyncIterable<Buffer | string>): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.includes("\n") || text.length > INPUT_BYTES_MAX) break;
  }
  return (text.split("\n")[0] as string).replace(/\r$/, "");
}
