import { type NodeId, RaftError } from "@hexraft/core/ports";
import { ask } from "./clients/client.js";
import type { Operation } from "./clients/history.js";
import type { ClientAct } from "./clients/model.js";
import { electionTimeoutOf, nodeCalled, type StageParts } from "./stage-parts.js";

/** Who calls in a story: each call is a client of its own, since a story may have many under way at once. */
export class Callers {
  private calls = 0;

  constructor(private readonly parts: Pick<StageParts, "history" | "nodes" | "places" | "plan" | "time" | "trace">) {}

  /** Calls a node; what becomes of it shows as time passes. */
  call(act: ClientAct, via: NodeId | undefined): Operation {
    if (via === undefined) throw new Error("nobody leads: say via whom");
    const { history, time, places, trace, plan } = this.parts;
    const operation = history.begin(1_000 + this.calls++, act, via, time.now());
    const end = (outcome: "ok" | "refused" | "unknown", output?: unknown, code?: string): void => {
      history.end(operation, outcome, output, code);
      operation.returnedMs = time.now();
      trace.note("client", via, `call ${operation.id} ${act.kind} ${outcome} ${code ?? ""}`);
    };
    const { node, isUp } = nodeCalled(this.parts, via);
    if (!isUp || node === undefined) {
      end("refused", undefined, "Down");
      return operation;
    }
    // A process that dies answers nobody; its clients give up.
    const watch = time.after(20 * electionTimeoutOf(plan), () => end("unknown", undefined, "Silence"));
    const hear = async (): Promise<void> => {
      try {
        end("ok", await ask(node, operation, places, {}));
      } catch (error) {
        if (error instanceof RaftError) end(error.outcome, undefined, error.code);
        else end("unknown", undefined, String(error));
      } finally {
        time.cancel(watch);
      }
    };
    void hear();
    return operation;
  }
}
