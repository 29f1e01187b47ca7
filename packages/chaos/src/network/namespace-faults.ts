import { type Fault, names, type Scene } from "../faults.js";
import type { Deed, Victims } from "./deed.js";
import { endsConnections, knowsQueue } from "./kernel-can.js";

/** A fault that not every kernel has. */
interface Optional {
  readonly fault: Fault;
  /** What it wants of the kernel, in words. */
  readonly wants: string;
  readonly isKnown: () => Promise<boolean>;
}

/** What the kernel can do to the network, and what this one cannot, a line each. */
export async function namespaceFaults(
  victims: Victims,
): Promise<{ readonly faults: readonly Fault[]; readonly leftOut: readonly string[] }> {
  const faults = [...routeFaults(victims)];
  const leftOut: string[] = [];
  // One after the other: they are tried in the same place.
  for (const { fault, wants, isKnown } of [...queueFaults(victims), ...resetFaults(victims)])
    if (await isKnown()) faults.push(fault);
    else leftOut.push(`${fault.name} is left out: this kernel has no ${wants}`);
  return { faults, leftOut };
}

/** Routes that lead nowhere, and links that are down. */
function routeFaults(victims: Victims): readonly Fault[] {
  const lost = (from: string, to: string) => route(victims, "blackhole", from, to);
  return [
    {
      name: "mute-leader",
      strike: async ({ leader, followers }) => {
        await victims.inflict(followers.map(({ id }) => lost(leader.id, id)));
        return `all packets of leader ${leader.id} are lost, it hears everybody`;
      },
    },
    {
      name: "deaf-leader",
      strike: async ({ leader, followers }) => {
        await victims.inflict(followers.map(({ id }) => lost(id, leader.id)));
        return `all packets to leader ${leader.id} are lost, everybody hears it`;
      },
    },
    {
      name: "cut-one-way",
      strike: async ({ leader, followers: [first] }) => {
        await victims.inflict([lost(leader.id, first.id)]);
        return `all packets from leader ${leader.id} to ${first.id} are lost`;
      },
    },
    {
      name: "cut-link",
      strike: async ({ leader, followers: [first] }) => {
        await victims.inflict([lost(leader.id, first.id), lost(first.id, leader.id)]);
        return `all packets between leader ${leader.id} and ${first.id} are lost, both reach the third`;
      },
    },
    {
      name: "unplug-leader",
      strike: async ({ leader }) => {
        await victims.inflict([linkDown("", `${leader.id}-peers`, [leader.id])]);
        return `the cable of leader ${leader.id} is pulled at the switch`;
      },
    },
    {
      name: "interface-down",
      strike: async ({ followers: [first] }) => {
        await victims.inflict([linkDown(first.id, "peers", [first.id])]);
        return `the network interface of follower ${first.id} is down`;
      },
    },
    {
      name: "switch-off",
      strike: async (scene) => {
        await victims.inflict([linkDown("", "peers", names(scene))]);
        return "the switch is off: nobody reaches anybody";
      },
    },
  ];
}

/** What the queue of each node's link does to packets. */
function queueFaults(victims: Victims): readonly Optional[] {
  const queues = (
    name: string,
    kind: string,
    words: (scene: Scene) => readonly [words: string, says: string],
  ): Optional => ({
    wants: `queue of kind ${kind.split(" ")[0]}`,
    isKnown: () => knowsQueue(kind),
    fault: {
      name,
      strike: async (scene) => {
        const [queue, says] = words(scene);
        await victims.inflict(
          names(scene).map((at) => ({
            at,
            tool: "tc",
            words: `qdisc add dev peers root ${queue}`,
            back: "qdisc del dev peers root",
          })),
        );
        return says;
      },
    },
  });
  return [
    queues("narrow", "tbf rate 1mbit burst 16kb latency 400ms", (scene) => {
      const kbit = Math.round(scene.between(80, 480));
      return [`tbf rate ${kbit}kbit burst 4kb latency 400ms`, `all links pass ${kbit} kbit a second, and are late`];
    }),
    queues("overrun", "tbf rate 1mbit burst 16kb limit 6000", (scene) => {
      const kbit = Math.round(scene.between(500, 4_000));
      return [
        `tbf rate ${kbit}kbit burst 4kb limit 6000`,
        `all links lose what is more than 6 kB ahead of ${kbit} kbit a second`,
      ];
    }),
    queues("delay", "netem delay 10ms", (scene) => {
      const ms = Math.round(scene.between(5, 40));
      return [`netem delay ${ms}ms ${Math.round(ms / 2)}ms`, `all links are late by ${ms} ms, half of it more or less`];
    }),
    queues("lossy", "netem loss 5%", (scene) => {
      const percent = scene.between(1, 10).toFixed(1);
      return [`netem loss ${percent}%`, `all links lose ${percent} % of their packets`];
    }),
  ];
}

/** Connections that end in the middle. */
function resetFaults(victims: Victims): readonly Optional[] {
  const kernel = { wants: "way to end connections by order", isKnown: endsConnections };
  return [
    {
      ...kernel,
      fault: {
        name: "refuse-leader",
        strike: async ({ leader, followers }) => {
          await victims.inflict(followers.map(({ id }) => route(victims, "unreachable", leader.id, id)));
          const ends = await victims.reset([leader.id]);
          return `leader ${leader.id} loses its ends of ${ends} connections, and finds no way to anybody`;
        },
      },
    },
    {
      ...kernel,
      fault: {
        name: "reset",
        strike: async () => `all connections between nodes end, ${await victims.reset()} ends of them`,
      },
    },
  ];
}

const route = (victims: Victims, kind: "blackhole" | "unreachable", at: string, to: string): Deed => {
  const words = `${kind} ${victims.hostOf(to, "peers")}/32`;
  const loses = (from: string, other: string) => from === at && other === to;
  return { at, tool: "ip", words: `route add ${words}`, back: `route del ${words}`, loses };
};

/** Nothing reaches these nodes, or comes from them. */
const linkDown = (at: string, link: string, cutOff: readonly string[]): Deed => ({
  at,
  tool: "ip",
  words: `link set ${link} down`,
  back: `link set ${link} up`,
  loses: (from, to) => cutOff.includes(from) || cutOff.includes(to),
});
