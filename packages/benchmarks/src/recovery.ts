import { readFlags } from "./lib/arguments.js";
import { measureIn } from "./lib/child.js";
import { temporaryDirectory } from "./lib/leavings.js";
import { announce, report } from "./lib/report.js";
import { alternate, type Sample } from "./lib/rounds.js";

/*
 * L09: how long a file log takes to open, and what it holds in memory then; beside one sequential read of the very same files. Both
 * find them in the host's cache if they fit. Rates are MiB of log a second: an open that proves closed segments by their feet
 * is far above the read, and what is left of it is the last segment.
 */
const flags = readFlags("recovery", { gib: "1", rounds: "5", entry: "1024" });
const rounds = Number(flags.rounds);
const directory = temporaryDirectory("recovery");
try {
  announce(
    "recovery",
    `${flags.gib} GiB of ${flags.entry} B entries in segments of 64 MiB, ${rounds} rounds, limit: a sequential read of the same files`,
  );
  const { entries } = await measureIn<{ readonly entries: number }>("load/recovery-fill-process", [
    directory.path,
    flags.gib,
    flags.entry,
  ]);
  const paired = await alternate(
    rounds,
    () => measureIn<Sample>("load/recovery-open-process", [directory.path]),
    () => measureIn<Sample>("probes/sequential-read-process", [directory.path]),
  );
  report("recovery", { gib: Number(flags.gib), entryBytes: Number(flags.entry), entries }, paired);
} finally {
  directory.remove();
}
