import type { Logger } from "@hexraft/core/ports";
import { pino } from "pino";

/** How a process writes its log: for a program, for a person, or not at all. */
export const LOG_FORMATS = ["text", "json", "silent"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A logger that writes to `stream`, whole lines at a time. */
export function makeLogger(format: LogFormat, name: string, stream: { write(line: string): unknown }): Logger {
  switch (format) {
    case "silent":
      return SILENT;
    case "json":
      return jsonLogger(name, stream);
    case "text":
      return textLogger(name, stream);
    default:
      return format satisfies never;
  }
}

function jsonLogger(name: string, stream: { write(line: string): unknown }): Logger {
  const log = pino({ base: { node: name }, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    debug: (message, facts) => log.debug(facts ?? {}, message),
    info: (message, facts) => log.info(facts ?? {}, message),
    warn: (message, facts) => log.warn(facts ?? {}, message),
    error: (message, facts) => log.error(facts ?? {}, message),
  };
}

function textLogger(name: string, stream: { write(line: string): unknown }): Logger {
  const line = (level: string) => (message: string, facts?: Readonly<Record<string, unknown>>) =>
    void stream.write(`${new Date().toISOString().slice(11, 23)} ${level} ${name}  ${message}${inWords(facts)}\n`);
  return { debug() {}, info: line("info "), warn: line("warn "), error: line("error") };
}

function inWords(facts: Readonly<Record<string, unknown>> = {}): string {
  const words = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return words.length === 0 ? "" : `  ${words.join(" ")}`;
}
