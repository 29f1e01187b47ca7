import { createReadStream } from "node:fs";
import type { BackupAbout } from "@hexraft/core";
import { Checksum, openBackup, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { badField } from "../serve/bad-field.js";

/** The bytes of a backup. @param file - `-`: standard input. @throws RaftError `BadOption` if it cannot be read. */
export async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  const stream = file === "-" ? process.stdin : createReadStream(file);
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw badField("<file>", file, `must be a file that can be read (${(error as Error).message})`);
  }
}

/** What is wrong with a file is told with its name. */
export async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RaftError) || !("offset" in error.details)) throw error;
    const name = file === "-" ? "standard input" : file;
    throw new RaftError(error.code, error.outcome, `${name}: ${error.message}`, { ...error.details, file: name });
  }
}

/** Reads all of it. @returns what it says of itself. @throws RaftError, which names the file, if it is not whole. */
export function lookInto(file: string): Promise<BackupAbout> {
  return naming(file, async () => {
    const host = new Container();
    host.load(nodeRuntime());
    const { about, stream } = await openBackup(bytesOf(file), host.get(Checksum));
    for await (const _ of stream);
    return about;
  });
}
