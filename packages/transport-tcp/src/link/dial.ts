import { badMessage } from "@hexraft/core/ports";
import { isLoopback, parseAddress } from "../address.js";
import type { Host } from "../host.js";
import { FrameType } from "../wire/frame.js";
import { type Hello, helloToArray, type Welcome, welcomeFromArray } from "../wire/handshake.js";
import { withoutTail } from "../wire/message-frame.js";
import { identityRefusal, welcomeRefusal } from "./admission.js";
import { Connection, type ConnectionHandler } from "./connection.js";

/** What became of a call: exactly one of the two, never inside `dial` itself. */
export interface DialOutcome {
  /** Both sides know each other; what it returns works for the connection from the next frame on. */
  onWelcome(connection: Connection, welcome: Welcome): ConnectionHandler;
  /** It came to nothing. `code`: the other side's or our reason to refuse. */
  onFailed(reason: string, code?: string): void;
}

const ignore = (): void => {};

/**
 * Calls `address` and shakes hands, within `timeoutMs`.
 *
 * @returns gives it up, with a reason, unless it is over.
 */
export function dial(
  host: Host,
  address: string,
  hello: Hello,
  timeoutMs: number,
  outcome: DialOutcome,
): (reason: string) => void {
  const where = parseAddress(address);
  const { tls, plaintext } = host.options;
  const isOpenWay = tls === undefined && !plaintext && where !== undefined && !isLoopback(where.host);
  if (where === undefined || isOpenWay) {
    const fault = isOpenWay ? "is not on this machine, and neither tls nor plaintext is given" : "is no host:port";
    const told = setImmediate(() => outcome.onFailed(`${address} ${fault}`));
    return (reason) => {
      clearImmediate(told);
      outcome.onFailed(reason);
    };
  }
  let isSettled = false;
  const connection: Connection = new Connection(host.sockets.dial(where), host, {
    onFrame: (frame) => {
      if (frame.type !== FrameType.welcome) throw badMessage(`a frame of type ${frame.type} answers a hello`);
      const welcome = welcomeFromArray(withoutTail(frame), hello.versions);
      const refusal =
        identityRefusal(welcome.nodeId, connection.proof) ?? welcomeRefusal(hello, welcome, host.startNumbers);
      if (refusal !== undefined) return connection.refuse(refusal);
      clearTimeout(timer);
      if (hello.purpose !== "identify") host.startNumbers.note(welcome.directoryId, welcome.startNumber);
      connection.admit(host.local().frameBytesMax);
      isSettled = true;
      connection.handler = outcome.onWelcome(connection, welcome);
    },
    onDrain: ignore,
    onClosed: (reason, code) => {
      clearTimeout(timer);
      if (!isSettled) outcome.onFailed(reason, code);
    },
  });
  const timer = setTimeout(() => connection.close(`no answer within ${timeoutMs} ms`), timeoutMs);
  timer.unref();
  connection.say(FrameType.hello, helloToArray(hello));
  return (reason) => connection.close(reason);
}
