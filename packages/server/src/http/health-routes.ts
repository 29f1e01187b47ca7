import type { Groups } from "../groups/groups.js";
import type { ServedGroup } from "../groups/served-group.js";
import { type HttpReply, text } from "./http-reply.js";

/** `GET /healthz`: alive: the process answers, and not all of its groups have stopped in place (G03). */
export function health({ all }: Groups): HttpReply {
  const fates = all.map(({ describe }) => describe().halted);
  return fates.includes("") ? text(200, "ok\n") : text(503, `halted: ${fates[0]}\n`);
}

/** `GET /readyz`: each group knows a leader, and its term has reached the state machine here, so nothing acknowledged is missing. */
export async function readiness({ all, refused }: Groups): Promise<HttpReply> {
  const troubles = await Promise.all(
    all.map(async (group) => {
      const trouble = await troubleOf(group);
      return trouble === "" || all.length + refused.length === 1 ? trouble : `${group.id}: ${trouble}`;
    }),
  );
  const wrong = [...troubles.filter((trouble) => trouble !== ""), ...refused.map(({ reason }) => reason.message)];
  return wrong.length === 0 ? text(200, "ready\n") : text(503, `${wrong.join("\n")}\n`);
}

/** Why this group is not ready here; empty if it is. */
async function troubleOf(group: ServedGroup): Promise<string> {
  const { leader, term, halted } = group.describe();
  if (halted !== "") return `halted: ${halted}`;
  if (leader === null) return "no leader is known";
  const applied = await group.stateHash();
  if (applied.term === term) return "";
  return `catching up: term ${applied.term} is applied up to index ${applied.index}, term ${term} runs`;
}
