import { allows } from "../../access/role.js";
import { BadArgument, bigintOf, syntaxError, textOf, wordOf } from "../arguments.js";
import { type CommandCall, type CommandSpec, type GroupFacts, NO_KEYS } from "../command-spec.js";
import { OK, RespFailure, type RespReply, RespStatus } from "../resp-reply.js";
import type { RespSession } from "../resp-session.js";

/** What Redis version the answers look like, for clients that ask before they speak. */
const REDIS_VERSION = "7.0.0";
const NOAUTH_HELLO =
  "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time";
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

/** For everybody, and nothing behind it may begin before it is answered. */
const OPEN = { needs: "none", touch: "connection" } as const;

/** Commands about the connection and the server; none of them touches the data. */
export const CONNECTION: readonly CommandSpec[] = [
  about("PING", -1, "Answers PONG, or what it was given.", ({ args }) => {
    if (args.length > 1) throw new BadArgument("ERR wrong number of arguments for 'ping' command");
    return args[0] ?? new RespStatus("PONG");
  }),
  about("ECHO", 2, "Answers what it was given.", ({ args: [message] }) => message as Buffer),
  { ...about("HELLO", -1, "Settles the protocol: 2; with AUTH it says who it is.", (call) => hello(call)), ...OPEN },
  { ...about("AUTH", -2, "Says who it is: a password, or user and password.", (call) => auth(call)), ...OPEN },
  about("SELECT", 2, "Chooses a database; there is one, 0.", ({ args: [database] }) => {
    if (bigintOf(database as Buffer) !== 0n) throw new BadArgument("ERR DB index is out of range");
    return OK;
  }),
  about("CLIENT", -2, "SETNAME, GETNAME, SETINFO, ID: who is connected.", (call) => client(call)),
  about("INFO", -1, "Tells about this node.", (call) => Buffer.from(infoText(call))),
  { ...about("QUIT", -1, "Ends the connection.", () => OK), needs: "none", last: true },
];

function setName(session: RespSession, name: Buffer | undefined): void {
  const text = name?.toString("latin1") ?? "";
  if (!/^[!-~]*$/.test(text))
    throw new BadArgument("ERR Client names cannot contain spaces, newlines or special characters.");
  session.name = text;
}

/** Who has only a password is `default`, as in Redis. */
async function auth({ args, session, context }: CommandCall): Promise<RespReply> {
  if (args.length > 2) throw syntaxError();
  const [name, password] = args.length === 1 ? [Buffer.from("default"), args[0]] : args;
  return (await login({ session, context }, name as Buffer, password as Buffer)) ?? OK;
}

/** @returns why it is not so; nothing if it is. */
async function login(
  { session, context: { access } }: Pick<CommandCall, "session" | "context">,
  name: Buffer,
  password: Buffer,
): Promise<RespFailure | undefined> {
  if (!access.hasUsers) return new RespFailure(NO_PASSWORD);
  const identity = await access.login(textOf(name), textOf(password));
  if (identity === null) return new RespFailure("WRONGPASS invalid username-password pair or user is disabled.");
  session.identity = identity;
  return undefined;
}

async function hello(call: CommandCall): Promise<RespReply> {
  const [version, ...words] = call.args;
  if (version !== undefined) {
    const text = textOf(version);
    if (!/^\d{1,9}$/.test(text)) throw new BadArgument("ERR Protocol version is not an integer or out of range");
    if (Number(text) !== 2) return new RespFailure("NOPROTO unsupported protocol version");
  }
  let name: Buffer | undefined;
  let credentials: readonly Buffer[] = [];
  for (let i = 0; i < words.length; i += 2) {
    const word = wordOf(words[i] as Buffer);
    if (word === "AUTH" && i + 2 < words.length) {
      credentials = words.slice(i + 1, i + 3);
      i++;
      continue;
    }
    if (word !== "SETNAME" || i + 1 >= words.length)
      throw new BadArgument(`ERR Syntax error in HELLO option '${textOf(words[i] as Buffer)}'`);
    name = words[i + 1];
  }
  const [user, password] = credentials;
  const refusal = user === undefined || password === undefined ? undefined : await login(call, user, password);
  if (refusal !== undefined) return refusal;
  if (!allows(call.session.identity, "read")) return new RespFailure(NOAUTH_HELLO);
  if (name !== undefined) setName(call.session, name);
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

/** As Redis tells of its databases. */
const groupLine = ({ role, term, leader, commitIndex, appliedIndex }: GroupFacts): string =>
  `role=${role},term=${term},leader=${leader},commit_index=${commitIndex},applied_index=${appliedIndex}`;

function infoText({ args, context }: CommandCall): string {
  const facts = context.info();
  const [only, ...more] = facts.groups;
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
      ...(more.length === 0 && only !== undefined
        ? {
            raft_role: only.role,
            raft_term: only.term,
            raft_leader: only.leader,
            commit_index: only.commitIndex,
            applied_index: only.appliedIndex,
          }
        : Object.fromEntries(facts.groups.map((each) => [`group_${each.group}`, groupLine(each)]))),
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
