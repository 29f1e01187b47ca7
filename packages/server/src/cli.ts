import { Command, CommanderError, InvalidArgumentError } from "commander";
import { runSecret } from "./access/run-secret.js";
import { adminCommand } from "./admin/admin-commands.js";
import { backupCommands } from "./backup/backup-commands.js";
import { ExitCode, exitCodeOf } from "./exit-codes.js";
import { explainCommand } from "./operator/explain-command.js";
import { VERSION } from "./version.js";

/** Runs the command line; what a command needs is loaded when it is called. @returns the exit code; errors were written to standard error. */
export async function runHexraft(argv: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const program = new Command("hexraft")
    .description("A replicated key-value service on Raft, over HTTP and the Redis protocol.")
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError("(hexraft --help, or hexraft <command> --help, lists what there is)");
  serveCommand(program, (code) => {
    exitCode = code;
  });
  adminCommand(program, (code) => {
    exitCode = code;
  });
  certsCommand(program);
  backupCommands(program);
  explainCommand(program, (code) => {
    exitCode = code;
  });
  inspectCommand(program, (code) => {
    exitCode = code;
  });
  program
    .command("secret")
    .description(
      "Reads a secret from standard input, and prints what the access file keeps of it; --generate makes one.",
    )
    .option("--generate", "make a secret of 32 random bytes, and print both")
    .action(async (flags: { readonly generate?: true }) => {
      await runSecret(flags.generate === true, process.stdin, (line) => process.stdout.write(`${line}\n`));
    });
  program
    .command("demo")
    .description(
      "Runs three nodes on this machine, to play with; with --once: kills the leader in mid-load and checks that nothing is lost.",
    )
    .option("--once", "run to the end without asking, and print a verdict")
    .option("--keys <n>", "keys to write with --once", whole, 2_400)
    .action(async (flags: { readonly once?: true; readonly keys: number }) => {
      const { runDemo } = await import("./demo/run-demo.js");
      exitCode = await runDemo({
        once: flags.once === true || !process.stdin.isTTY || !process.stdout.isTTY,
        keys: flags.keys,
      });
    });
  program
    .command("demo-writer", { hidden: true })
    .description("The client process of the demo: started by it, told what to do by it.")
    .action(async () => {
      const { runWriter } = await import("./demo/writer.js");
      exitCode = await runWriter();
    });
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    process.stderr.write(`hexraft: ${error instanceof Error ? error.message : String(error)}\n`);
    return exitCodeOf(error);
  }
}

interface CertsFlags {
  readonly nodes: string;
  readonly days: number;
  readonly hosts?: string;
}

function certsCommand(program: Command): void {
  program
    .command("certs <directory>")
    .description("Makes certificates for a trial: an authority, if there is none yet, and one pair for each node.")
    .requiredOption("--nodes <id,…>", "the nodes; certificates that are there are renewed")
    .option("--days <n>", "how long they last", whole, 90)
    .option("--hosts <name,…>", "host names and addresses under which clients reach the doors of any of them")
    .action(async (directory: string, flags: CertsFlags) => {
      const { runCerts } = await import("./certs/run-certs.js");
      await runCerts({ directory, ...flags }, (line) => process.stdout.write(`${line}\n`));
    });
}

function inspectCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command("inspect <directory>")
    .description("Reads every byte of a stopped node's data directory, and says what is there and what is damaged.")
    .option("--diff <directory>", "compare its log with another stopped node's, entry by entry")
    .option("--group-id <id>", "tell of this group alone; to compare: main, unless said")
    .option("--json", "print one line of JSON")
    .addHelpText(
      "after",
      `\nNothing is changed. Exit codes: ${ExitCode.unreadable} something is damaged, ${ExitCode.failed} the logs differ where both have entries.`,
    )
    .action(
      async (directory: string, flags: { readonly diff?: string; readonly groupId?: string; readonly json?: true }) => {
        const { json, ...rest } = flags;
        const say = (text: string) => void process.stdout.write(`${text}\n`);
        const { runInspect } = await import("./inspect/run-inspect.js");
        done(await runInspect({ directory, ...rest, json: json === true }, say));
      },
    );
}

interface ServeFlags {
  readonly config?: string;
  readonly electionTimeout?: number;
  readonly heartbeatInterval?: number;
  readonly snapshotEvery?: number;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly doorCert?: string;
  readonly doorKey?: string;
  readonly [other: string]: unknown;
}

function serveCommand(program: Command, done: (exitCode: number) => void): void {
  program
    .command("serve")
    .description("Runs one node.")
    .option(
      "--config <file>",
      "JSON file with the fields nodeId, groupId, splitAt, dataDirectory, listen, advertise, tls, plaintext, client, http, resp, access, openDoors, doorTls, plaintextDoors, renewIntervalMs, doors, bootstrap, requestTimeoutMs, log, raft; flags win over it",
    )
    .option("--node-id <id>", "the node's stable name")
    .option("--group-id <id>", "the group's name (main)")
    .option("--split-at <key,…>", "split the keys there, ascending: each range is a group of its own, as <from>..<to>")
    .option("--data-directory <path>", "where log, snapshots and identity live")
    .option("--listen <host:port>", "where peers reach this node")
    .option("--advertise <host:port>", "what peers are told, if it is not where it listens")
    .option("--tls-ca <file>", "PEM: the authority that vouches for nodes; hexraft certs makes one for a trial")
    .option("--tls-cert <file>", "PEM: this node's certificate")
    .option("--tls-key <file>", "PEM: its key")
    .option("--plaintext", "talk to peers beyond this machine without encryption")
    .option("--client <host:port>", "where HexraftClient connects")
    .option("--http <host:port>", "HTTP/JSON front")
    .option("--resp <host:port>", "Redis protocol front")
    .option("--access <file>", "JSON: who may use the doors, and what for; secrets as hexraft secret prints them")
    .option("--open-doors", "let everybody in also at doors beyond this machine")
    .option("--door-cert <file>", "PEM: the certificate of the doors, which then speak TLS alone")
    .option("--door-key <file>", "PEM: its key")
    .option("--plaintext-doors", "let doors beyond this machine do without encryption")
    .option("--bootstrap <id=host:port,…>", "the first voters; the first one named founds the cluster, once")
    .option("--election-timeout <ms>", "T: elections begin after T to 2T without a leader (1000)", number)
    .option("--heartbeat-interval <ms>", "between two heartbeats; at most T/3 (T/5)", number)
    .option("--snapshot-every <entries>", "entries between two snapshots (1000000)", number)
    .option("--request-timeout-ms <ms>", "how long a request may take (5000)", number)
    .option("--log <format>", "text, json or silent (text)")
    .addHelpText(
      "after",
      `
A bare port listens on 127.0.0.1. Exit codes: ${ExitCode.usage} bad flag or field, ${ExitCode.addressInUse} port in use, ${ExitCode.directoryLocked} data directory in use,
${ExitCode.identityMismatch} data directory of another node or cluster, ${ExitCode.unreadable} data directory unreadable, ${ExitCode.halted} the group has halted, ${ExitCode.failed} anything else.`,
    )
    .action(async (flags: ServeFlags) => {
      const { config, electionTimeout, heartbeatInterval, snapshotEvery, ...others } = flags;
      const { tlsCa, tlsCert, tlsKey, doorCert, doorKey, ...rest } = others;
      const raft = {
        ...(electionTimeout !== undefined && { electionTimeoutMs: electionTimeout }),
        ...(heartbeatInterval !== undefined && { heartbeatIntervalMs: heartbeatInterval }),
        ...(snapshotEvery !== undefined && { snapshotEveryEntries: snapshotEvery }),
      };
      const tls = {
        ...(tlsCa !== undefined && { caFile: tlsCa }),
        ...(tlsCert !== undefined && { certificateFile: tlsCert }),
        ...(tlsKey !== undefined && { keyFile: tlsKey }),
      };
      const doorTls = {
        ...(doorCert !== undefined && { certificateFile: doorCert }),
        ...(doorKey !== undefined && { keyFile: doorKey }),
      };
      const { readConfigFile, resolveServeOptions } = await import("./serve/serve-options.js");
      const { runServe } = await import("./serve/run-serve.js");
      const file = config === undefined ? {} : readConfigFile(config);
      done(await runServe(resolveServeOptions({ ...rest, raft, tls, doorTls }, file)));
    });
}

function number(text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw new InvalidArgumentError("It must be a number.");
  return Number(text);
}

function whole(text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError("It must be a whole number from 1 to 9999999.");
  return Number(text);
}
