import { isAddress } from "@hexraft/core/ports";

/** A place to listen at or to dial. */
export interface HostAndPort {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** 0 … 65,535. */
  readonly port: number;
}

const SHAPE = /^(?:\[([0-9A-Fa-f:.%]+)\]|([^[\]:]+)):(\d{1,5})$/;

/** `host:port`, an IPv6 address in brackets; `undefined` if the text is none. */
export function parseAddress(text: string): HostAndPort | undefined {
  const match = isAddress(text) ? SHAPE.exec(text) : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** The same as text. */
export const formatAddress = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

/** Whether the host stands for all addresses of the machine, which nobody can dial. */
export const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";

/** Whether the host is this machine itself, and nobody else can listen in. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
