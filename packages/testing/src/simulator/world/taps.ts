import {
  Codec,
  type CommandBatch,
  LogStorage,
  type NodeId,
  type RaftView,
  StateMachine,
  StepObserver,
} from "@hexraft/core/ports";
import type { Effect, RaftEvent } from "@hexraft/core/protocol";
import { ContainerModule } from "inversify";
import { watchDeterminism } from "../../determinism/watch-determinism.js";
import type { Operation } from "../clients/history.js";
import { hashBytes } from "../fingerprint.js";
import type { Referee } from "../invariants/referee.js";
import { judgedFormats } from "./judged-formats.js";
import type { SimulatedHost } from "./simulated-host.js";

/** A client's command on its way through the codec, so that the simulation knows its bytes again. */
export class TracedCommand {
  constructor(
    readonly operation: Operation,
    readonly command: unknown,
  ) {}
}

/** A client's query on its way to the state machine. */
export class TracedQuery {
  constructor(
    readonly operation: Operation,
    readonly query: unknown,
  ) {}
}

/** Where the taps of all nodes of a simulation lead. */
export interface TapPlaces {
  readonly referee: Referee;
  /** Whose bytes these are. */
  readonly origins: WeakMap<Uint8Array, Operation>;
  /** What each command was laid out as is read back by: set by the first node that has a codec. */
  decode: (payload: Uint8Array) => unknown;
  /** Whether commands are laid out by a Codec. */
  hasCodec: boolean;
  /** F07: whether state machines are watched while they apply. */
  readonly watchesDeterminism: boolean;
  /** F05: {@link Releases.formatOf}, where there are releases. */
  readonly formatOf?: ((payload: Uint8Array) => number) | undefined;
  /** Hears every step, for the trace and the coverage. */
  readonly onStep: (id: NodeId, event: RaftEvent, effects: readonly Effect[]) => void;
}

/** A module that listens at the ports of one life of one node. It changes nothing of what passes. */
export function taps(
  id: NodeId,
  host: SimulatedHost,
  places: TapPlaces,
  own: { machine?: StateMachine },
): ContainerModule {
  const { referee } = places;
  return new ContainerModule(({ bind, onActivation }) => {
    bind(StepObserver).toConstantValue({
      stepped(raft: RaftView, event: RaftEvent, effects: readonly Effect[], now: number): void {
        if (!host.isAlive) return;
        referee.stepped(id, raft, event, effects, now);
        places.onStep(id, event, effects);
        if (event.type === "ProposalsSubmitted") trackProposals(event.payloads, effects, places);
      },
    });
    onActivation(LogStorage, (_, storage) => tappedStorage(storage, id, host, referee));
    onActivation(StateMachine, (_, machine) => {
      own.machine = machine;
      const seen = places.watchesDeterminism ? watched(machine, id, referee) : machine;
      return tappedMachine(
        judgedFormats(seen, id, places.formatOf, (invariant, what) => referee.accuse(invariant, what)),
        id,
        host,
        referee,
      );
    });
    onActivation(Codec, (_, codec) => {
      if (!places.hasCodec) {
        const decode: TapPlaces["decode"] = (payload) => codec.decodeCommand(payload);
        places.decode = decode;
        places.hasCodec = true;
      }
      return tappedCodec(codec, places);
    });
  });
}

function trackProposals(payloads: readonly Uint8Array[], effects: readonly Effect[], { origins }: TapPlaces): void {
  // They are taken block by block, and what is not taken comes last.
  let taken = 0;
  for (const effect of effects) {
    if (effect.type !== "ProposalsAccepted") continue;
    for (let i = 0; i < effect.count; i++) {
      const operation = origins.get(payloads[taken + i] as Uint8Array);
      if (operation === undefined) continue;
      operation.index = effect.first + i;
      (operation.taken ??= []).push({ index: effect.first + i, term: effect.term });
    }
    taken += effect.count;
  }
}

function tappedStorage(storage: LogStorage, id: NodeId, host: SimulatedHost, referee: Referee): LogStorage {
  let life = 0;
  return {
    async open(request) {
      const found = await storage.open(request);
      if (host.isAlive) {
        referee.opened(id, found);
        life = referee.record(id).life;
      }
      return found;
    },
    adopt: (clusterId) => storage.adopt(clusterId),
    async write(write) {
      if (host.isAlive) referee.asked(id, write);
      await storage.write(write);
      referee.promised(id, life);
    },
    read: (from, bytesMax) => storage.read(from, bytesMax),
    ...(storage.repair !== undefined && { repair: (blocks) => storage.repair?.(blocks) ?? Promise.resolve() }),
    close: () => storage.close(),
    describe: () => storage.describe(),
  };
}

/** F07: before its state differs from another's it is said why it will. */
const watched = (machine: StateMachine, id: NodeId, referee: Referee): StateMachine =>
  watchDeterminism(machine, { report: ({ text }) => referee.accuse("F07", `the state machine of ${id}: ${text}`) });

function tappedMachine(machine: StateMachine, id: NodeId, host: SimulatedHost, referee: Referee): StateMachine {
  const finish = (batch: CommandBatch, results: readonly unknown[]): readonly unknown[] => {
    if (host.isAlive) referee.applied(id, batch, results);
    return results;
  };
  // The last command that shows: entries without one change nothing that a read could see.
  const answered = (operation: Operation): void => {
    let index = referee.record(id).applied;
    while (index > 0 && referee.applies.entries[index] === undefined) index--;
    operation.index = index;
  };
  const own: Pick<StateMachine, "open" | "apply" | "read" | "snapshotSave" | "snapshotLoad"> = {
    async open() {
      const opened = await machine.open();
      if (host.isAlive) referee.loaded(id, opened.appliedIndex);
      return opened;
    },
    apply(batch) {
      if (host.isAlive) referee.handed(id, batch);
      const results = machine.apply(batch);
      return "then" in results ? results.then((settled) => finish(batch, settled)) : finish(batch, results);
    },
    read(query) {
      if (!(query instanceof TracedQuery)) return machine.read(query);
      if (host.isAlive) answered(query.operation);
      return machine.read(query.query);
    },
    snapshotSave() {
      const index = referee.record(id).applied;
      return hashed(machine.snapshotSave(), (hash) => {
        if (host.isAlive) referee.applies.state(index, hash, `saved by ${id}`);
      });
    },
    async snapshotLoad(bytes, about) {
      await machine.snapshotLoad(bytes, about);
      if (!host.isAlive) return;
      referee.loaded(id, about.id.index);
      for await (const _ of hashed(machine.snapshotSave(), (hash) =>
        referee.applies.state(about.id.index, hash, `loaded by ${id}`),
      ));
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

/** The same codec for whoever looks: sessions know theirs by its class. */
function tappedCodec(codec: Codec, { origins }: TapPlaces): Codec {
  const own: Codec = {
    encodeCommand(command, openFormat) {
      if (!(command instanceof TracedCommand)) return codec.encodeCommand(command, openFormat);
      const payload = codec.encodeCommand(command.command, openFormat);
      origins.set(payload, command.operation);
      return payload;
    },
    decodeCommand: (bytes) => codec.decodeCommand(bytes),
    encodeResult: (result) => codec.encodeResult(result),
    decodeResult: (bytes) => codec.decodeResult(bytes),
  };
  return Object.assign(Object.create(codec) as Codec, own);
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, done: (hash: number) => void): AsyncGenerator<Uint8Array> {
  let hash = 0x811c9dc5;
  for await (const chunk of bytes) {
    hash = hashBytes(chunk, hash);
    yield chunk;
  }
  done(hash);
}
