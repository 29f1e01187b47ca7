import { decodeConfigurationEntry, encodeConfigurationEntry } from "../configuration-layout.js";
import { RaftError } from "../errors.js";
import { badMessage, type FieldReader } from "../field-reader.js";
import type { InstallSnapshot } from "../message.js";
import type { SnapshotMeta } from "../snapshot-meta.js";
import type { Layouts } from "./layout.js";

/** Most bytes of a configuration entry: 255 members of 331 bytes, and what stands before them. */
const CONFIGURATION_BYTES_MAX = 2 ** 17;
const STATUSES = ["send", "done", "failed"] as const;

/** What offers a snapshot, and what is answered; its bytes travel on a stream of their own. */
export const SNAPSHOT_LAYOUTS: Layouts<"InstallSnapshot" | "InstallSnapshotResponse"> = {
  InstallSnapshot: { code: 9, write: writeInstallSnapshot, read: readInstallSnapshot },
  InstallSnapshotResponse: {
    code: 10,
    write: ({ term, transfer, status, offset, match }) => [term, transfer, STATUSES.indexOf(status), offset, match],
    read: (fields) => ({
      type: "InstallSnapshotResponse",
      term: fields.term(),
      transfer: fields.count("transfer"),
      status: fields.oneOf("status", STATUSES),
      offset: fields.count("offset"),
      match: fields.index("match"),
    }),
  },
};

function writeInstallSnapshot({ term, transfer, meta }: InstallSnapshot): unknown[] {
  const { id, configuration, logTimeMs, formatVersion, sizeBytes, checksum } = meta;
  const members = encodeConfigurationEntry(configuration);
  return [term, transfer, id.index, id.term, members, Math.floor(logTimeMs), formatVersion, sizeBytes, checksum];
}

function readInstallSnapshot(fields: FieldReader): InstallSnapshot {
  const head = { term: fields.term(), transfer: fields.count("transfer") };
  const id = fields.logId("snapshot");
  const meta: SnapshotMeta = {
    id,
    configuration: configurationIn(fields.bytes("configuration", CONFIGURATION_BYTES_MAX)),
    logTimeMs: fields.count("log time"),
    formatVersion: fields.whole("format version", 1, Number.MAX_SAFE_INTEGER),
    sizeBytes: fields.count("size"),
    checksum: fields.whole("checksum", 0, 2 ** 32 - 1),
  };
  // S01: a configuration above the snapshot's index may yet be undone by a truncation, so no snapshot carries one.
  if (meta.configuration.id.index > id.index) throw badMessage("a snapshot's configuration lies above its index");
  return { type: "InstallSnapshot", ...head, meta };
}

function configurationIn(bytes: Uint8Array): SnapshotMeta["configuration"] {
  try {
    return decodeConfigurationEntry(bytes);
  } catch (error) {
    throw badMessage(error instanceof RaftError ? error.message : "its configuration cannot be read");
  }
}
