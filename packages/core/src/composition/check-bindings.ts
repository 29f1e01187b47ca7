import { ContainerModule, type ServiceIdentifier } from "inversify";
import { RaftError } from "../model/errors.js";
import { Checksum } from "../ports/checksum.js";
import { Clock } from "../ports/clock.js";
import { Codec } from "../ports/codec.js";
import { GroupStorage } from "../ports/group-storage.js";
import { LogStorage } from "../ports/log-storage.js";
import { Logger } from "../ports/logger.js";
import { MembershipPolicy } from "../ports/membership-policy.js";
import { QuorumPolicy } from "../ports/quorum-policy.js";
import { RandomSource } from "../ports/random-source.js";
import { Scheduler } from "../ports/scheduler.js";
import { SnapshotStorage } from "../ports/snapshot-storage.js";
import { StateMachine } from "../ports/state-machine.js";
import { StepObserver } from "../ports/step-observer.js";
import { Transport } from "../ports/transport.js";
import { Turn } from "../ports/turn.js";

interface Port {
  readonly token: ServiceIdentifier;
  readonly name: string;
  /** What to add if nothing binds it; empty if it may stay unbound. */
  readonly add: string;
}

const HOST = "nodeRuntime()";
const STORAGE = "fileStorage({ directory }) or memoryStorage()";
const NODE_PORTS: readonly Port[] = [
  { token: LogStorage, name: "LogStorage", add: STORAGE },
  { token: SnapshotStorage, name: "SnapshotStorage", add: STORAGE },
  { token: StateMachine, name: "StateMachine", add: "kvStateMachine() or a module of your own" },
  { token: Transport, name: "Transport", add: "tcpTransport({ host, port })" },
  { token: Scheduler, name: "Scheduler", add: HOST },
  { token: Turn, name: "Turn", add: HOST },
  { token: Clock, name: "Clock", add: HOST },
  { token: RandomSource, name: "RandomSource", add: HOST },
  { token: Checksum, name: "Checksum", add: HOST },
  { token: Logger, name: "Logger", add: "" },
  { token: Codec, name: "Codec", add: "" },
  { token: QuorumPolicy, name: "QuorumPolicy", add: "" },
  { token: MembershipPolicy, name: "MembershipPolicy", add: "" },
  { token: StepObserver, name: "StepObserver", add: "" },
];

const SHARED = new Set<ServiceIdentifier>([Transport, Scheduler, Turn, Clock, RandomSource, Checksum, Logger]);
const PROCESS_PORTS: readonly Port[] = [
  { token: GroupStorage, name: "GroupStorage", add: "sharedFileStorage({ directory }) or memoryGroupStorage()" },
  ...NODE_PORTS.filter(({ token }) => SHARED.has(token)),
];

/** Of whom one of each port is wanted: a node alone, a process of many groups, or one of these groups. */
type Holder = "node" | "process" | "group";

/** Counts what the users' modules bind, while they are loaded. */
export class BindingCensus {
  private readonly counts = new Map<ServiceIdentifier, number>();

  constructor(private readonly holder: Holder = "node") {}

  /** The users' modules as one that also counts. */
  module(modules: readonly ContainerModule[]): ContainerModule {
    return new ContainerModule(async (options) => {
      const bind: typeof options.bind = (token) => {
        this.counts.set(token, (this.counts.get(token) ?? 0) + 1);
        return options.bind(token);
      };
      for (const module of modules) await module.load({ ...options, bind });
    });
  }

  /** Whether a module binds it. */
  binds(token: ServiceIdentifier): boolean {
    return (this.counts.get(token) ?? 0) > 0;
  }

  /**
   * Every port that its holder needs is bound once.
   *
   * @throws RaftError `BindingMissing`, naming the port and what to do.
   */
  check(): void {
    for (const { token, name, add } of this.holder === "process" ? PROCESS_PORTS : NODE_PORTS) {
      const count = this.counts.get(token) ?? 0;
      if (count > 1)
        throw new RaftError(
          "BindingMissing",
          "refused",
          `${count} modules bind ${name}, and a ${this.holder} has one; remove all but one of them.`,
          { port: name, count },
        );
      if (count === 0 && add !== "")
        throw new RaftError("BindingMissing", "refused", `no module binds ${name}; add ${add}.`, { port: name });
    }
  }
}
