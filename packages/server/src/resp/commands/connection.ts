import { BadArgument, bigintOf, syntaxError, textOf, wordOf } from "../arguments.js";
import { type CommandCall, type CommandSpec, NO_KEYS } from "../command-spec.js";
import { OK, RespFailure, type RespReply, RespStatus } from "../resp-reply.js";
import type { RespSession } from "../resp-session.js";

/** What Redis version the answers look like, for clients that ask before they speak. */
const REDIS_VERSION = "7.0.0";
const NO_PASSWORD =
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?";

const about = (name: string, arity: number, summary: string, run: CommandSpec["run"]): CommandSpec => ({
  name,
  arity,
  touch: "none",
  keys: NO_KEYS,
  summary,
  run,
});

/** Commands about the connection and the server; none of them touches the data. */
export const CONNECTION: readonly CommandSpec[] = [
  about("PING", -1, "Answers PONG, or what it was given.", ({ args }) => {
    if (args.length > 1) throw new BadArgument("ERR wrong number of arguments for 'ping' command");
    return args[0] ?? new RespStatus("PONG");
  }),
  about("ECHO", 2, "Answers what it was given.", ({ args: [message] }) => message as Buffer),
  about("HELLO", -1, "Settles the protocol: 2.", (call) => hello(call)),
  about("AUTH", -2, "There are no passwords.", () => {
    throw new BadArgument(NO_PASSWORD);
  }),
  about("SELECT", 2, "Chooses a database; there is one, 0.", ({ args: [database] }) => {
    if (bigintOf(database as Buffer) !== 0n) throw new BadArgument("ERR DB index is out of range");
    return OK;
  }),
  about("CLIENT", -2, "SETNAME, GETNAME, SETINFO, ID: who is connected.", (call) => client(call)),
  about("INFO", -1, "Tells about this node.", (call) => Buffer.from(infoText(call))),
  { ...about("QUIT", -1, "Ends the connection.", () => OK), last: true },
];

function setName(session: RespSession, name: Buffer | undefined): void {
  const text = name?.toString("latin1") ?? "";
  if (!/^[!-~]*$/.test(text))
    throw new BadArgument("ERR Client names cannot contain spaces, newlines or special characters.");
  session.name = text;
}

function hello(call: CommandCall): RespReply {
  const [version, ...words] = call.args;
  if (version !== undefined) {
    const text = textOf(version);
    if (!/^\d{1,9}$/.test(text)) throw new BadArgument("ERR Protocol version is not an integer or out of range");
    if (Number(text) !== 2) return new RespFailure("NOPROTO unsupported protocol version");
  }
  for (let i = 0; i < words.length; i += 2) {
    const word = wordOf(words[i] as Buffer);
    if (word === "AUTH") throw new BadArgument(NO_PASSWORD);
    if (word !== "SETNAME" || i + 1 >= words.length)
      throw new BadArgument(`ERR Syntax error in HELLO option '${textOf(words[i] as Buffer)}'`);
    setName(call.session, words[i + 1]);
  }
  const pairs: readonly (readonly [string, RespReply])[] = [
    ["server", "hexraft"],
    ["version", REDIS_VERSION],
    ["proto", 2],
    ["id", call.session.id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ];
  return pairs.flat();
}

function client({ args, session }: CommandCall): RespReply {
  const [subcommand, ...rest] = args as [Buffer, ...Buffer[]];
  const word = wordOf(subcommand);
  const expect = (count: number) => {
    if (rest.length !== count)
      throw new BadArgument(`ERR wrong number of arguments for 'client|${word.toLowerCase()}' command`);
  };
  switch (word) {
    case "ID":
      expect(0);
      return session.id;
    case "GETNAME":
      expect(0);
      return session.name === "" ? null : session.name;
    case "SETNAME":
      expect(1);
      setName(session, rest[0]);
      return OK;
    case "SETINFO": {
      expect(2);
      const attribute = wordOf(rest[0] as Buffer);
      if (attribute !== "LIB-NAME" && attribute !== "LIB-VER") throw syntaxError();
      return OK;
    }
    default:
      throw new BadArgument(
        `ERR unknown subcommand '${textOf(subcommand).slice(0, 128)}'. Try SETNAME, GETNAME, SETINFO, ID.`,
      );
  }
}

function infoText({ args, context }: CommandCall): string {
  const facts = context.info();
  const sections: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
    Server: {
      redis_version: REDIS_VERSION,
      redis_mode: "standalone",
      hexraft_version: facts.version,
      process_id: process.pid,
      tcp_port: facts.port,
      uptime_in_seconds: facts.uptimeSeconds,
    },
    Persistence: { loading: 0 },
    // Any node takes any command, so to a Redis client each of them is a master.
    Replication: { role: "master", connected_slaves: 0 },
    Hexraft: {
      node_id: facts.nodeId,
      raft_role: facts.role,
      raft_term: facts.term,
      raft_leader: facts.leader,
      commit_index: facts.commitIndex,
      applied_index: facts.appliedIndex,
    },
  };
  const wanted = new Set(args.map((argument) => textOf(argument).toLowerCase()));
  const all = wanted.size === 0 || ["all", "default", "everything"].some((word) => wanted.has(word));
  return Object.entries(sections)
    .filter(([title]) => all || wanted.has(title.toLowerCase()))
    .map(
      ([title, lines]) =>
        `# ${title}\r\n${Object.entries(lines)
          .map(([name, value]) => `${name}:${value}\r\n`)
          .join("")}`,
    )
    .join("\r\n");
}
