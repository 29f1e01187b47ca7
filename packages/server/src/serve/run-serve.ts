import { ExitCode, exitCodeOf } from "../exit-codes.js";
import { makeLogger } from "../log/log.js";
import { leaveParent, tellParent, whenParentLeaves } from "./parent.js";
import type { ServeOptions } from "./serve-options.js";
import { type RunningServer, startServer } from "./start-server.js";

/**
 * Runs one node until it is told to stop (SIGTERM, SIGINT, or its parent is gone) or it has died (L04, E17). SIGHUP makes it look
 * at the access file and the doors' certificate.
 *
 * @returns the exit code. @throws RaftError if it cannot start.
 */
export async function runServe(options: ServeOptions): Promise<number> {
  const logger = makeLogger(options.log, options.nodeId, process.stdout);
  const told = untilTold();
  let server: RunningServer | undefined;
  // From the first moment on: whoever says it to a node that is about to serve does not mean to end it.
  const onHangUp = () => void server?.renew();
  process.on("SIGHUP", onHangUp);
  try {
    server = await startServer(options, logger);
    const { nodes, listening } = server;
    logger.info(`${options.nodeId} serves`, { ...listening, pid: process.pid });
    const events = Array.from(nodes, ([group, { events$ }]) =>
      events$.subscribe((event) => tellParent({ type: "event", group, event })),
    );
    tellParent({ type: "ready", listening });
    const end = await Promise.race([told.reason, server.died]);
    if (end instanceof Error) process.stderr.write(`hexraft: ${end.message}\n`);
    else logger.info(`${options.nodeId} stops`, { reason: end.told });
    for (const each of events) each.unsubscribe();
    await server.stop();
    return end instanceof Error ? exitCodeOf(end) : ExitCode.ok;
  } finally {
    process.off("SIGHUP", onHangUp);
    told.forget();
    leaveParent();
  }
}

/** Waits for somebody to end this process. A second signal is not waited for: it ends the process where it stands. */
function untilTold(): { readonly reason: Promise<{ readonly told: string }>; forget(): void } {
  let tell: (end: { readonly told: string }) => void = () => {};
  const reason = new Promise<{ readonly told: string }>((resolve) => {
    tell = resolve;
  });
  const onSignal = (signal: NodeJS.Signals) => tell({ told: signal });
  process.once("SIGTERM", onSignal).once("SIGINT", onSignal);
  whenParentLeaves(() => tell({ told: "its parent is gone" }));
  return { reason, forget: () => void process.off("SIGTERM", onSignal).off("SIGINT", onSignal) };
}
