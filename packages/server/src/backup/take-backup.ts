import type { BackupAbout, GroupId } from "@hexraft/core";
import { backupBytesOf, Checksum, openBackup, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { ofGroup } from "../operator/http-door.js";
import type { BackupTarget } from "./backup-target.js";
import { backupText } from "./backup-text.js";
import { type Doors, firstToGive } from "./from-doors.js";
import { Progress, sizeText } from "./progress.js";

/** How a backup of one group is taken. */
export interface Taking extends Doors {
  /** `linearizable` or `local`. */
  readonly consistency: string;
  /** Ask the leader, and nobody else. */
  readonly leader: boolean;
  readonly quiet: boolean;
}

interface Given {
  readonly from: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * F08: takes a backup of one group: the nodes are asked one after the other until one gives it, and every byte is verified as it
 * comes. What is not whole is not kept.
 *
 * @param group - absent: the only one.
 * @returns what it says of itself. @throws RaftError
 */
export async function takeBackup(how: Taking, group: GroupId | undefined, target: BackupTarget): Promise<BackupAbout> {
  try {
    const about = await keep(await given(how, group), target, how.quiet);
    await target.finish();
    return about;
  } catch (error) {
    await target.abort();
    throw error;
  }
}

const given = (how: Taking, group: GroupId | undefined): Promise<Given> =>
  firstToGive(how, async (door) => {
    const from = door.url.origin;
    const { role } = how.leader
      ? await door.json<{ readonly role?: string }>(`/v1/status${ofGroup("?", group)}`)
      : { role: "leader" };
    if (role !== "leader") throw new RaftError("NotLeader", "refused", `${from} does not lead`);
    const path = `/v1/admin/backup?consistency=${how.consistency}${ofGroup("&", group)}`;
    return { from, bytes: await door.bytes(path) };
  });

async function keep({ from, bytes }: Given, target: BackupTarget, quiet: boolean): Promise<BackupAbout> {
  const host = new Container();
  host.load(nodeRuntime());
  const tell = (text: string) => void (quiet || process.stderr.write(text));
  const opened = await openBackup(copied(bytes, target), host.get(Checksum)).catch((error: unknown) => {
    throw spoiltOnTheWay(from, error);
  });
  const { about, stream } = opened;
  tell(`${from}: ${backupText(about)}\n`);
  const inPlace = process.stderr.isTTY;
  const progress = new Progress(about.streamBytes, tell, inPlace);
  try {
    for await (const chunk of stream) progress.more(chunk.length);
  } catch (error) {
    throw spoiltOnTheWay(from, error);
  }
  tell(`${inPlace ? "\r" : ""}whole, ${sizeText(backupBytesOf(about))} in ${progress.seconds} s\n`);
  return about;
}

/** The same bytes, written down before they are verified: what is not whole is taken back. */
async function* copied(bytes: AsyncIterable<Uint8Array>, target: BackupTarget): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    await target.write(chunk);
    yield chunk;
  }
}

const spoiltOnTheWay = (from: string, error: unknown): unknown =>
  error instanceof RaftError && (error.code === "Damaged" || error.code === "FormatUnknown")
    ? new RaftError(error.code, "refused", `What came from ${from} is no whole backup: ${error.message}`, error.details)
    : error;
