import {
  Codec,
  type CommandBatch,
  type Gathered,
  GatheredBatch,
  type OpenedState,
  StateMachine,
} from "@hexraft/core/ports";
import { jointMembership } from "@hexraft/membership";
import { kvStateMachine } from "@hexraft/statemachine-kv";
import type { Releases } from "@hexraft/testing/simulator";
import { ContainerModule } from "inversify";

/** What a command of format 2 begins with; one of format 1 begins with 1, and a release that knows no other faults over this. */
const FORMAT_2 = 2;
const NEWEST = 2;

/** F05: the key-value service in two releases. The second one lays its commands out behind a byte more, as soon as all members know that. */
export const kvReleases: Releases = {
  newest: NEWEST,
  modules: (release) => [kvStateMachine(), jointMembership(), released(release)],
  formatOf: (payload) => (payload[0] === FORMAT_2 ? FORMAT_2 : 1),
};

const released = (release: number): ContainerModule =>
  new ContainerModule(({ onActivation }) => {
    onActivation(Codec, (_context, codec) => releasedCodec(codec));
    onActivation(StateMachine, (_context, machine) => releasedMachine(machine, release));
  });

const inside = (payload: Uint8Array): Uint8Array => (payload[0] === FORMAT_2 ? payload.subarray(1) : payload);

/** Who looks at a command reads both formats; which one is written is the node's to say. */
const releasedCodec = (codec: Codec): Codec => ({
  encodeCommand(command, openFormat = 1) {
    const payload = codec.encodeCommand(command, 1);
    return openFormat < FORMAT_2 ? payload : Uint8Array.of(FORMAT_2, ...payload);
  },
  decodeCommand: (payload) => codec.decodeCommand(inside(payload)),
  encodeResult: (result) => codec.encodeResult(result),
  decodeResult: (bytes) => codec.decodeResult(bytes),
});

/** Snapshots are the same in both. */
function releasedMachine(machine: StateMachine, release: number): StateMachine {
  const apply = (batch: CommandBatch) => {
    const entries: Gathered[] = [];
    batch.each((payload, index, term, logTimeMs) => entries.push({ payload: inside(payload), index, term, logTimeMs }));
    return machine.apply(new GatheredBatch(entries));
  };
  return {
    open: (): OpenedState => ({ appliedIndex: 0, formatVersion: release }),
    formatOpened: () => {},
    apply: release < FORMAT_2 ? (batch) => machine.apply(batch) : apply,
    read: (query) => machine.read(query),
    snapshotSave: () => machine.snapshotSave(),
    snapshotLoad: (bytes, { id }) => machine.snapshotLoad(bytes, { id, formatVersion: 1 }),
  };
}
