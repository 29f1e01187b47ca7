import type { ClusterId } from "@hexraft/core/ports";
import type { Groups } from "../groups.js";
import type { Host } from "../host.js";
import type { Hello } from "../wire/handshake.js";
import { helloRefusal, type Refusal } from "./admission.js";

/**
 * M13: an empty directory waits until a handshake names its incarnation, which nobody knows who did not ask it. The
 * cluster of the first one is written down before the handshake is answered; of two at once, the second waits for the
 * outcome of the first.
 */
export class Claims {
  private underWay: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly host: Host,
    private readonly groups: Groups,
    private readonly onClaimed: (clusterId: ClusterId) => void,
  ) {}

  /** Why this hello does not claim us, if it does not. Rejects if the claim cannot be written down. */
  consider(hello: Hello): Promise<Refusal | undefined> {
    const mine = this.underWay.then(() => this.judge(hello));
    this.underWay = mine.catch(() => undefined);
    return mine;
  }

  private async judge(hello: Hello): Promise<Refusal | undefined> {
    const refusal = helloRefusal(hello, this.host.local(), this.host.startNumbers);
    if (refusal !== undefined || this.host.local().clusterId !== "") return refusal;
    const receiver = this.groups.named(hello);
    if (receiver === undefined)
      return {
        code: "NotClaimed",
        reason:
          "this node waits for a cluster, and the incarnation meant is not its own; bootstrap it, or add it to the members (anew, if its directory was emptied)",
      };
    await receiver.onClaim(hello.clusterId);
    this.onClaimed(hello.clusterId);
    this.host.logger.info("claimed by a cluster", { clusterId: hello.clusterId, by: hello.nodeId });
    return undefined;
  }
}
