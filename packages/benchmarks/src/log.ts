import { readFlags } from "./lib/arguments.js";
import { measureIn } from "./lib/child.js";
import { announce, report } from "./lib/report.js";
import { inTurn, type Sample } from "./lib/rounds.js";

/*
 * Durable appends, one at a time, to each store that binds LogStorage; beside a bare file that is written over, with one writev and
 * one fdatasync an append. The rounds of all three alternate.
 */
const flags = readFlags("log", { rounds: "3", ms: "3000", bytes: "4096,65536" });

announce(
  "log",
  `durable appends, one in flight, ${flags.rounds} rounds of ${flags.ms} ms, limit: writev and fdatasync on a written file`,
);
for (const bytes of flags.bytes.split(",")) {
  const measure = {
    file: () => measureIn<Sample>("load/log-load-process", ["file", bytes, flags.ms]),
    lmdb: () => measureIn<Sample>("load/log-load-process", ["lmdb", bytes, flags.ms]),
    limit: () => measureIn<Sample>("probes/log-ceiling-process", [bytes, flags.ms]),
  };
  const { limit, ...stores } = await inTurn(Number(flags.rounds), measure);
  for (const [store, ours] of Object.entries(stores))
    report("log", { store, appendBytes: Number(bytes), inFlight: 1 }, { ours, limit });
}
