import { RaftError } from "@hexraft/core/ports";
import { HttpDoor } from "../operator/http-door.js";
import type { WhoAsks } from "../operator/who-asks.js";

/** Nodes that may be asked, and who asks. */
export interface Doors {
  readonly doors: readonly URL[];
  readonly who: WhoAsks;
}

/**
 * Asks the nodes one after the other until one gives it.
 *
 * @throws RaftError with the reasons of all, and the code of the last; what is no refusal, as it is.
 */
export async function firstToGive<T>({ doors, who }: Doors, ask: (door: HttpDoor) => Promise<T>): Promise<T> {
  const reasons: string[] = [];
  let last: RaftError | undefined;
  for (const url of doors) {
    try {
      return await ask(new HttpDoor(url, who));
    } catch (error) {
      if (!(error instanceof RaftError)) throw error;
      last = error;
      reasons.push(error.message);
    }
  }
  throw new RaftError(
    last?.code ?? "NotLeader",
    "refused",
    `No node gave a backup: ${reasons.join("; ")}. Name other nodes with --from, or try again.`,
  );
}
