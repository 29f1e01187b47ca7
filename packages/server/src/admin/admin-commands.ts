import type { Answered, ClusterAdmin } from "@hexraft/client";
import type { ChangePlan, Founder, MemberChange } from "@hexraft/core";
import { isName, RaftError } from "@hexraft/core/ports";
import { type Command, InvalidArgumentError } from "commander";
import { ExitCode } from "../exit-codes.js";
import { takeWhoAsks } from "../operator/who-asks.js";
import { badField } from "../serve/bad-field.js";
import { type AdminFlags, CLUSTER_VARIABLE, type Voice } from "./admin-flags.js";
import { groupsText, membersText } from "./admin-text.js";
import type { ForgetFlags } from "./forget-group.js";
import type { ResetFlags } from "./reset-peers.js";

type ChangeKind = MemberChange["kind"];
interface ChangeFlags extends AdminFlags {
  readonly plan?: true;
  readonly expect?: number;
}

const VOICE: Voice = {
  say: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
};

/** The changes of members: name, arguments, what is changed, in words. */
const CHANGES: readonly (readonly [name: string, args: "nodes" | "ids", kind: ChangeKind, description: string])[] = [
  ["add-peer", "nodes", "addPeers", "These vote, too, once they have caught up."],
  ["add-witness", "nodes", "addWitnesses", "These vote, too, and hold no state; each runs with the option witness."],
  ["remove-peer", "ids", "removePeers", "These voters leave."],
  ["change-peers", "nodes", "changePeers", "These vote, and nobody else; any number comes and goes at once."],
  ["add-learner", "nodes", "addLearners", "These receive the log, and do not vote."],
  ["remove-learner", "ids", "removeLearners", "These learners leave."],
  ["reset-learners", "nodes", "resetLearners", "These learn, and nobody else; without arguments nobody does."],
  ["promote", "ids", "promote", "These learners vote from now on."],
  ["demote", "ids", "demote", "These voters only learn from now on."],
  ["change-address", "nodes", "changeAddresses", "These members listen there from now on."],
];

const HELP = `
Examples:
  hexraft admin peers --cluster 10.0.0.1:7101,10.0.0.2:7101,10.0.0.3:7101
  hexraft admin add-peer n4=10.0.0.4:7001 n5=10.0.0.5:7001 --plan
  hexraft admin add-peer n4=10.0.0.4:7001 n5=10.0.0.5:7001 --expect 17
  hexraft admin change-peers n1=10.0.0.1:7001 n4=10.0.0.4:7001 n5=10.0.0.5:7001
  hexraft admin transfer n4
  hexraft admin groups
  hexraft admin rebalance
  hexraft admin reset-peers --data-directory /var/lib/hexraft/n1

A node is id=host:port, where its peers reach it (--listen), and may end in /priority. ${CLUSTER_VARIABLE} may stand for --cluster.
A user with the role admin is wanted, for questions one with the role read.
Exit codes: ${ExitCode.failed} refused, certainly not done; ${ExitCode.unknown} unknown, look with hexraft admin peers; ${ExitCode.usage} a bad argument.`;

/** `hexraft admin …`: what operators do to a running cluster. */
export function adminCommand(program: Command, done: (exitCode: number) => void): void {
  const admin = program
    .command("admin")
    .description("Asks and changes a running cluster: members, leader, snapshots.")
    .addHelpText("after", HELP);
  /** A command that asks the cluster; each has the flags that say which, and how. */
  const command = (usage: string, description: string) =>
    takeWhoAsks(
      admin
        .command(usage)
        .description(description)
        .option("--cluster <host:port,…>", "the client doors of the nodes (hexraft serve --client)"),
      "who asks, where nodes want to know",
    )
      .option("--group <id>", "of which group, where nodes serve several")
      .option("--timeout <ms>", "how long it may take (10000; a change of members 120000)", wholeNumber)
      .option("--json", "print one line of JSON")
      .addHelpText("after", "\nSee hexraft admin --help for examples and exit codes.");
  const ask = async <T>(
    flags: AdminFlags,
    what: (it: ClusterAdmin) => Promise<Answered<T>>,
    text: (value: T) => string,
  ) => {
    const { runAdmin } = await import("./run-admin.js");
    done(await runAdmin(flags, VOICE, what, text));
  };

  command("peers", "Says who is in the group, what each does, and how far it is.").action((flags: AdminFlags) =>
    ask(flags, (it) => it.getPeers(), membersText),
  );
  command("groups", "Lists the groups that a node serves, and who leads each.").action((flags: AdminFlags) =>
    ask(flags, (it) => it.getGroups(), groupsText),
  );
  command("rebalance", "Hands leaderships over until no node leads two groups more than another.").action(
    async (flags: AdminFlags) => {
      const { runRebalance } = await import("./rebalance.js");
      done(await runRebalance(flags, VOICE));
    },
  );
  command("alive-peers", "Lists the voters that answered the leader within the last election timeout.").action(
    (flags: AdminFlags) =>
      ask(
        flags,
        (it) => it.getAlivePeers(),
        (ids) => ids.join("\n"),
      ),
  );
  command("leader", "Says who leads.").action((flags: AdminFlags) => ask(flags, (it) => it.getLeader(), String));
  command("status", "Says everything about one node.")
    .option("--node <id>", "which one (the leader)", nodeName)
    .action(({ node, ...flags }: AdminFlags & { readonly node?: string }) =>
      ask(
        flags,
        (it) => it.describe(node === undefined ? {} : { node }),
        ({ text }) => text,
      ),
    );
  for (const [name, args, kind, description] of CHANGES) {
    const many = kind === "resetLearners" ? "[node...]" : args === "nodes" ? "<node...>" : "<id...>";
    command(`${name} ${many}`, description)
      .option("--plan", "only say what it would do: its stages, the quorum at each, who must catch up")
      .option("--expect <index>", "refuse it unless this configuration is in force (see --plan and peers)", wholeNumber)
      .action(async (given: readonly string[], { plan, expect, ...flags }: ChangeFlags) => {
        const change = { kind, ...(args === "nodes" ? { nodes: given.map(nodeOf) } : { ids: given }) } as MemberChange;
        if (plan === true)
          return ask(
            flags,
            async (it) => sound(await it.plan(change)),
            ({ text }) => text,
          );
        const options = expect === undefined ? {} : { expectedIndex: expect };
        await ask(flags, (it) => it.change(change, options), membersText);
      });
  }
  command("cancel", "Calls the change of members off that is under way, while newcomers still catch up.").action(
    (flags: AdminFlags) => ask(flags, (it) => it.cancelChange(), membersText),
  );
  command("transfer [id]", "Hands leadership to that node, or to the one that is furthest.").action(
    (to: string | undefined, flags: AdminFlags) =>
      ask(
        flags,
        (it) => it.transferLeader(to),
        (leader) => leader ?? "handed over; who leads now is not known here yet",
      ),
  );
  command("snapshot", "Saves a snapshot now, and says its index.")
    .option("--node <id>", "on which node (the leader)", nodeName)
    .action(({ node, ...flags }: AdminFlags & { readonly node?: string }) =>
      ask(flags, (it) => it.snapshot(node === undefined ? {} : { node }), String),
    );
  command("elect <id>", "Lets that node stand for election; where a leader is heard nobody is disturbed.").action(
    (node: string, flags: AdminFlags) =>
      ask(
        flags,
        (it) => it.forceElection(node),
        (term) => `${node} leads in term ${term}`,
      ),
  );
  admin
    .command("reset-peers")
    .description(
      "UNSAFE, for a majority that is lost for good: one survivor goes on alone. Two steps, on a stopped node's directory.",
    )
    .requiredOption("--data-directory <path>", "of the stopped node")
    .option("--group-id <id>", "the group's name (main); where groups share the directory, which of them")
    .option("--election-timeout <ms>", "T of the cluster", wholeNumber, 1_000)
    .option("--others <file,…>", "what the first step printed with --json on the other survivors")
    .option("--confirm <token>", "do it: the token that the first step printed")
    .option("--json", "print one line of JSON")
    .addHelpText("after", "\nWithout --confirm nothing is changed: it says what would be lost, and the token.")
    .action(async (flags: ResetFlags) => {
      const { runResetPeers } = await import("./reset-peers.js");
      done(await runResetPeers(flags, VOICE));
    });
  admin
    .command("forget-group")
    .description("UNSAFE: erases what a stopped node holds of one of the groups that share its directory. Two steps.")
    .requiredOption("--data-directory <path>", "of the stopped node")
    .requiredOption("--group-id <id>", "which of its groups")
    .option("--confirm <token>", "do it: the token that the first step printed")
    .option("--json", "print one line of JSON")
    .addHelpText("after", "\nWithout --confirm nothing is erased: it says what is there, and the token.")
    .action(async (flags: ForgetFlags) => {
      const { runForgetGroup } = await import("./forget-group.js");
      done(await runForgetGroup(flags, VOICE));
    });
}

/** A plan that there is no way for is a refusal, as the change itself would be. */
function sound(planned: Answered<ChangePlan>): Answered<ChangePlan> {
  if (planned.outcome !== "ok" || planned.value.refused === "") return planned;
  const { refused } = planned.value;
  return { outcome: "refused", error: new RaftError("ChangeRefused", "refused", `There is no such way: ${refused}.`) };
}

/** `id=host:port`, maybe with `/priority`. */
function nodeOf(text: string): Founder {
  const [, id, address, priority] = /^([^=]+)=([^/]+:\d{1,5})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  if (!isName(id) || address === undefined) throw badField("node", text, "must be id=host:port, maybe with /priority");
  return priority === undefined ? { id, address } : { id, address, priority: Number(priority) };
}

function nodeName(text: string): string {
  if (!isName(text)) throw new InvalidArgumentError("It must be the name of a node.");
  return text;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
