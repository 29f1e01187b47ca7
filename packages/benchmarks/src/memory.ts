import { readFlags } from "./lib/arguments.js";
import { measureIn } from "./lib/child.js";
import { announce, report } from "./lib/report.js";
import { alternate, type Sample } from "./lib/rounds.js";

/*
 * What Raft itself costs: three nodes in one process, in-memory adapters, 16 B commands, one promise per command, beside a
 * probe of the same data path without Raft.
 */
const flags = readFlags("memory", { rounds: "3", ms: "3000", callers: "1,64,256,1024,4096", form: "promise" });
const rounds = Number(flags.rounds);
const { ms: milliseconds, form } = flags;

announce(
  "memory",
  `3 nodes, 1 process, 16 B, ${form} per proposal, ${rounds} rounds of ${milliseconds} ms, limit: the data path without Raft`,
);
for (const callers of flags.callers.split(",")) {
  const paired = await alternate(
    rounds,
    () => measureIn<Sample>("load/memory-cluster-process", [callers, milliseconds, form]),
    () => measureIn<Sample>("probes/memory-ceiling-process", [callers, milliseconds]),
  );
  report("memory", { callers: Number(callers), nodes: 3, payloadBytes: 16, form }, paired);
}
