import { randomBytes } from "node:crypto";
import { layOutInSession, NONCE_BYTES } from "@hexraft/sessions";

/** C03: the numbers under which one client's commands execute once. */
export class ClientSession {
  /** Names the registration, so that it can be repeated. */
  readonly nonce: Uint8Array = randomBytes(NONCE_BYTES);
  /** As the cluster named it; 0 until it is registered. */
  id = 0;
  /** That cluster; in any other the same number is another client's. */
  clusterId = "";
  private readonly unanswered = new Set<number>();
  private next = 1;
  /** No lower number is unanswered. */
  private lowest = 1;

  /** The next number. */
  take(): number {
    const sequence = this.next++;
    this.unanswered.add(sequence);
    return sequence;
  }

  /** The caller knows how it ended, or wants to know no more. */
  settled(sequence: number): void {
    this.unanswered.delete(sequence);
    while (this.lowest < this.next && !this.unanswered.has(this.lowest)) this.lowest++;
  }

  /** A command's bytes under its number. */
  layOut(sequence: number, command: Uint8Array): Uint8Array {
    return layOutInSession(this.id, sequence, this.lowest, command);
  }
}
