import { inject, injectable, optional } from "inversify";
import { messageOf } from "../components/message-of.js";
import type { NodeId } from "../model/node-id.js";
import { Checksum } from "../ports/checksum.js";
import { Clock } from "../ports/clock.js";
import { Codec } from "../ports/codec.js";
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

/** Everything outside that a node talks to: what the modules of `createNode` bound. */
@injectable()
export class NodePorts {
  constructor(
    @inject(LogStorage) readonly logStorage: LogStorage,
    @inject(SnapshotStorage) readonly snapshotStorage: SnapshotStorage,
    @inject(StateMachine) readonly stateMachine: StateMachine,
    @inject(Transport) readonly transport: Transport,
    @inject(Scheduler) readonly scheduler: Scheduler,
    @inject(Turn) readonly turn: Turn,
    @inject(Clock) readonly clock: Clock,
    @inject(RandomSource) readonly random: RandomSource,
    @inject(Checksum) readonly checksum: Checksum,
    @inject(Logger) readonly logger: Logger,
    @inject(QuorumPolicy) readonly quorum: QuorumPolicy,
    @inject(MembershipPolicy) readonly membership: MembershipPolicy,
    @inject(Codec) @optional() readonly codec: Codec | undefined,
    @inject(StepObserver) @optional() readonly observer: StepObserver | undefined,
  ) {}
}

/** O04: lets go of network and disk, of each whatever became of the others. */
export async function closePorts(
  { transport, snapshotStorage, logStorage, logger }: NodePorts,
  id: NodeId,
): Promise<void> {
  for (const close of [() => transport.stop(), () => snapshotStorage.close(), () => logStorage.close()]) {
    try {
      await close();
    } catch (error) {
      logger.warn(`${id}: closing failed`, { reason: messageOf(error) });
    }
  }
}
