import { badField } from "./bad-field.js";

/** Where something listens. */
export interface HostPort {
  readonly host: string;
  /** 0 lets the host choose. */
  readonly port: number;
}

/**
 * Reads `host:port`, `[v6]:port`, or a bare port, which means loopback: nothing is offered to the network unless asked for.
 *
 * @param field - named in the error.
 * @throws RaftError `BadOption`.
 */
export function parseAddress(field: string, value: unknown): HostPort {
  const text = typeof value === "number" ? String(value) : value;
  const rule = "must be host:port, [v6 address]:port or a port, with a port from 0 to 65535";
  if (typeof text !== "string") throw badField(field, value, rule);
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw badField(field, value, rule);
  return { host: match[1] ?? match[2] ?? "127.0.0.1", port };
}

/** Whether only this machine reaches it. */
export const isLoopback = ({ host }: HostPort): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);

/** The same, written. */
export function formatAddress({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
