import { Logger } from "@hexraft/core/ports";
import { ContainerModule } from "inversify";

/** How {@link consoleLogger} writes. */
export interface ConsoleLoggerOptions {
  /** One JSON object per line (`time`, `level`, `message` and the facts) instead of text for a person. Default false. */
  readonly json?: boolean;
  /** The least level that is written. Default `info`. */
  readonly level?: "debug" | "info" | "warn" | "error";
  /** Takes each line, its line feed included. Default: standard error. */
  readonly write?: (line: string) => void;
}

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];
type Facts = Readonly<Record<string, unknown>>;

/** Binds a Logger that writes lines to standard error. Without it, or another Logger, a node is silent. */
export function consoleLogger(options: ConsoleLoggerOptions = {}): ContainerModule {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const least = LEVELS.indexOf(options.level ?? "info");
  const lineOf = options.json === true ? jsonLine : textLine;
  const at =
    (level: Level) =>
    (message: string, facts: Facts = {}): void => {
      if (LEVELS.indexOf(level) >= least) write(`${lineOf(new Date().toISOString(), level, message, facts)}\n`);
    };
  const logger: Logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return new ContainerModule(({ bind }) => {
    bind(Logger).toConstantValue(logger);
  });
}

/** The facts come first, so that none of them can pass itself off as time, level or message. */
function jsonLine(time: string, level: Level, message: string, facts: Facts): string {
  return JSON.stringify({ ...facts, time, level, message }, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value instanceof Error ? value.message : value,
  );
}

function textLine(time: string, level: Level, message: string, facts: Facts): string {
  const tail = Object.entries(facts).map(([name, value]) => ` ${name}=${wordOf(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${tail.join("")}`;
}

function wordOf(value: unknown): string {
  if (typeof value === "string") return /[\s"=]/.test(value) ? JSON.stringify(value) : value;
  return value instanceof Error ? JSON.stringify(value.message) : (JSON.stringify(value) ?? String(value));
}
