import type { CommandBatch, NodeId, StateMachine } from "@hexraft/core/ports";
import type { Accuse } from "../invariants/violation.js";
import type { Releases } from "./world.js";

/**
 * F05: no replica is given a command in a format that was not opened to it, or a snapshot in one that it does not know. A release that
 * can read what it is given would not complain, and one that cannot would be taken for one that is to be upgraded.
 */
export function judgedFormats(
  machine: StateMachine,
  id: NodeId,
  formatOf: Releases["formatOf"] | undefined,
  accuse: Accuse,
): StateMachine {
  if (formatOf === undefined || machine.formatOpened === undefined) return machine;
  let known = 0;
  let open = 0;
  const own: Pick<StateMachine, "open" | "apply" | "snapshotLoad" | "formatOpened"> = {
    async open() {
      const opened = await machine.open();
      known = opened.formatVersion;
      open = opened.firstFormat ?? 1;
      return opened;
    },
    formatOpened(formatVersion) {
      if (formatVersion > known)
        accuse("F05", `${id} knows format ${known}, and is told that ${formatVersion} is open`);
      open = formatVersion;
      machine.formatOpened?.(formatVersion);
    },
    apply(batch: CommandBatch) {
      batch.each((payload, index) => {
        const format = formatOf(payload);
        if (format > open)
          accuse("F05", `${id} is given the command at ${index} in format ${format}, and ${open} is open to it`);
      });
      return machine.apply(batch);
    },
    snapshotLoad(bytes, about) {
      if (about.formatVersion > known)
        accuse(
          "F05",
          `${id} knows format ${known}, and loads the snapshot at ${about.id.index} in format ${about.formatVersion}`,
        );
      return machine.snapshotLoad(bytes, about);
    },
  };
  return new Proxy(machine, {
    get(target, name) {
      if (name in own) return own[name as keyof typeof own];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
