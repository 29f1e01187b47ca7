import { readFlags } from "./lib/arguments.js";
import { measureIn } from "./lib/child.js";
import { announce, report } from "./lib/report.js";
import { alternate, type Sample } from "./lib/rounds.js";

/*
 * Durable puts: three processes over TCP on loopback, every acknowledgement behind an fsync on a majority, driven through
 * HexraftClient; beside a probe of the same data path without Raft, with the same callers, connections and payload.
 */
const flags = readFlags("durable", { rounds: "3", ms: "5000", callers: "1,64,256,1000" });
const rounds = Number(flags.rounds);
const milliseconds = flags.ms;
const valueBytes = "256";

announce(
  "durable",
  `3 processes, TCP on loopback, fsync on, ${valueBytes} B puts, ${rounds} rounds of ${milliseconds} ms, limit: the data path without Raft`,
);
for (const callers of flags.callers.split(",")) {
  const connections = String(Math.min(4, Number(callers)));
  const args = [callers, connections, milliseconds, valueBytes];
  const paired = await alternate(
    rounds,
    () => measureIn<Sample>("load/durable-load-process", args),
    () => measureIn<Sample>("probes/durable-ceiling-process", args),
  );
  const about = {
    callers: Number(callers),
    connections: Number(connections),
    processes: 3,
    payloadBytes: Number(valueBytes),
  };
  report("durable", about, paired);
}
