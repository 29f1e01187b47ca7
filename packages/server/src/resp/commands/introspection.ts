import { BadArgument, textOf, wordOf } from "../arguments.js";
import { type CommandSpec, NO_KEYS } from "../command-spec.js";
import { type RespReply, RespStatus } from "../resp-reply.js";

/** The command that lists the others, as `redis-cli` and client libraries ask for when they connect. */
export function introspection(others: readonly CommandSpec[]): CommandSpec {
  const self: CommandSpec = {
    name: "COMMAND",
    arity: -1,
    touch: "none",
    keys: NO_KEYS,
    summary: "Lists the commands: COUNT, LIST, INFO, DOCS.",
    run: ({ args }) => answer(args),
  };
  const all = [...others, self];
  const byName = new Map(all.map((spec) => [spec.name, spec]));

  const answer = ([subcommand, ...names]: readonly Buffer[]): RespReply => {
    const chosen = names.map((name) => byName.get(wordOf(name)));
    switch (subcommand === undefined ? "" : wordOf(subcommand)) {
      case "":
        return all.map(described);
      case "COUNT":
        return all.length;
      case "LIST":
        return all.map(({ name }) => name.toLowerCase());
      case "INFO":
        return names.length === 0
          ? all.map(described)
          : chosen.map((spec) => (spec === undefined ? null : described(spec)));
      case "DOCS":
        return (names.length === 0 ? all : chosen.filter((spec) => spec !== undefined)).flatMap(documented);
      default:
        throw new BadArgument(
          `ERR unknown subcommand '${textOf(subcommand as Buffer).slice(0, 128)}'. Try COUNT, LIST, INFO, DOCS.`,
        );
    }
  };
  return self;
}

const described = ({ name, arity, touch, keys }: CommandSpec): RespReply => [
  name.toLowerCase(),
  arity,
  [new RespStatus(touch === "write" ? "write" : touch === "read" ? "readonly" : "fast")],
  ...keys,
];

const documented = ({ name, summary, touch }: CommandSpec): readonly RespReply[] => [
  name.toLowerCase(),
  ["summary", summary, "group", touch === "none" || touch === "connection" ? "connection" : "string"],
];
