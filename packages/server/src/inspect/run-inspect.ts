import { Checksum, FileSystem, RaftError } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { type DirectoryReport, diffDirectories, inspectDirectory, type LogDifference } from "@hexraft/storage-file";
import { Container } from "inversify";
import { ExitCode } from "../exit-codes.js";
import { differenceText, reportText } from "./report-text.js";

/** What `hexraft inspect` is told. */
export interface InspectOptions {
  readonly directory: string;
  /** Another node's directory to compare with. */
  readonly diff?: string;
  /** The only group that is told of; to compare, default `main`. */
  readonly groupId?: string;
  readonly json: boolean;
}

/**
 * O08: looks into the directory of a stopped node.
 *
 * @returns the exit code: {@link ExitCode.unreadable} if something is damaged, {@link ExitCode.failed} if two logs differ where both
 * have entries.
 */
export async function runInspect(options: InspectOptions, say: (text: string) => void): Promise<number> {
  const host = new Container();
  host.load(nodeRuntime());
  const [files, checksum] = [host.get(FileSystem), host.get(Checksum)];
  const tell = <T>(found: T, text: (found: T) => string): void =>
    say(options.json ? JSON.stringify(found) : text(found));
  for (const directory of [options.directory, ...(options.diff === undefined ? [] : [options.diff])])
    if (files.list(directory).length === 0)
      throw new RaftError("BadOption", "refused", `${directory} is not a data directory: it is missing or empty`);
  if (options.diff === undefined) {
    const report = await inspectDirectory(options.directory, files, checksum);
    tell<DirectoryReport>(only(report, options.groupId), reportText);
    return report.damage.length === 0 ? ExitCode.ok : ExitCode.unreadable;
  }
  const difference = await diffDirectories(options.directory, options.diff, options.groupId ?? "main", files, checksum);
  tell<LogDifference>(difference, differenceText);
  return difference.differing.length === 0 ? ExitCode.ok : ExitCode.failed;
}

/** All groups, or the one that is asked for. @throws RaftError `BadOption` if it is not there. */
function only(report: DirectoryReport, groupId: string | undefined): DirectoryReport {
  if (groupId === undefined) return report;
  const groups = report.groups.filter((group) => group.groupId === groupId);
  if (groups.length > 0) return { ...report, groups };
  const there = report.groups.map((group) => group.groupId).join(", ") || "none";
  throw new RaftError(
    "BadOption",
    "refused",
    `there is no group ${groupId} in ${report.directory}; there are: ${there}`,
  );
}
