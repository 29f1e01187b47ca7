interface Host {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(data: unknown): void };
  };
}

/**
 * Resolves after one macrotask: every promise chain that was ready to go on has gone on by then. That holds as long as
 * nothing waits outside the ports: a real timer or socket would still be under way.
 */
export const settle: () => Promise<void> = (() => {
  const { setImmediate: immediate, MessageChannel } = globalThis as unknown as Host;
  if (immediate !== undefined) return () => new Promise<void>((resolve) => void immediate(resolve));
  if (MessageChannel === undefined) throw new Error("virtual time needs a host with setImmediate or MessageChannel");
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      port2.postMessage(0);
    });
})();
