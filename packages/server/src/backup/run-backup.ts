import { backupBytesOf, Checksum, openBackup, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { Container } from "inversify";
import { HttpDoor, ofGroup } from "../operator/http-door.js";
import type { WhoAsks } from "../operator/who-asks.js";
import { badField } from "../serve/bad-field.js";
import { type BackupTarget, fileTarget, streamTarget } from "./backup-target.js";
import { backupText } from "./backup-text.js";
import { Progress, sizeText } from "./progress.js";

/** What `hexraft backup` is told. */
export interface BackupOrder {
  /** `-`: standard output. */
  readonly file: string;
  readonly doors: readonly URL[];
  readonly who: WhoAsks;
  readonly consistency: string;
  /** Absent: the only one. */
  readonly group?: string | undefined;
  /** Ask the leader, and nobody else. */
  readonly leader: boolean;
  readonly overwrite: boolean;
  readonly quiet: boolean;
}

const CONSISTENCIES = ["linearizable", "local"];

/**
 * F08: takes a backup of a running cluster. The nodes are asked one after the other until one gives it; every byte is verified
 * as it comes, and what is not whole is not kept.
 *
 * @throws RaftError
 */
export async function runBackup(order: BackupOrder): Promise<void> {
  if (!CONSISTENCIES.includes(order.consistency))
    throw badField("--consistency", order.consistency, `must be one of ${CONSISTENCIES.join(", ")}`);
  const target = order.file === "-" ? streamTarget(process.stdout) : await fileTarget(order.file, order.overwrite);
  try {
    await keep(await firstToGive(order), target, order);
    await target.finish();
  } catch (error) {
    await target.abort();
    throw error;
  }
}

interface Given {
  readonly from: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

async function firstToGive({ doors, who, group, consistency, leader }: BackupOrder): Promise<Given> {
  const reasons: string[] = [];
  let last: RaftError | undefined;
  for (const url of doors) {
    const door = new HttpDoor(url, who);
    try {
      const { role } = leader
        ? await door.json<{ readonly role?: string }>(`/v1/status${ofGroup("?", group)}`)
        : { role: "leader" };
      if (role === "leader")
        return {
          from: url.origin,
          bytes: await door.bytes(`/v1/admin/backup?consistency=${consistency}${ofGroup("&", group)}`),
        };
      reasons.push(`${url.origin} does not lead`);
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      last = error;
      reasons.push(error.message);
    }
  }
  throw new RaftError(
    last?.code ?? "NotLeader",
    "refused",
    `No node gave a backup: ${reasons.join("; ")}. Name other nodes with --from, or try again.`,
  );
}

async function keep({ from, bytes }: Given, target: BackupTarget, { quiet }: BackupOrder): Promise<void> {
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
