import type { Node } from "@hexraft/core";
import { TestCluster } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { expect, it } from "vitest";
import {
  InSession,
  OpenSession,
  type SessionCommand,
  type SessionOpened,
  SessionRefused,
  sessions,
} from "../src/index.js";

/** So many that some of them stand at the same index before and after. */
const CLIENTS = 8;

it("M11 C03 C04 a session that was lost with the majority is unknown afterwards, and nobody else's by its number", async () => {
  const cluster = new TestCluster({ seed: 3, modules: [sessions(new ContainerModule(() => {}))] });
  await cluster.start();
  await cluster.settled();
  await cluster.converged();
  const ask = ({ node }: { readonly node: unknown }, command: SessionCommand): Promise<unknown> =>
    cluster.time.settled((node as Node<SessionCommand>).apply(command, { forward: true }), 5_000, "an answer");
  /** Clients with nonces from `first` on open a session each, and do one command in it; which they are, and where they are in the log. */
  const opened = async (at: { readonly node: unknown; describe(): { last: { index: number } } }, first: number) => {
    const all: { readonly session: number; readonly index: number }[] = [];
    for (let client = first; client < first + CLIENTS; client++) {
      const { session } = (await ask(at, new OpenSession(new Uint8Array(16).fill(client)))) as SessionOpened;
      all.push({ session, index: at.describe().last.index });
      expect(await ask(at, new InSession(session, 1, 1, `client ${client}`))).toEqual(expect.any(Number));
    }
    return all;
  };

  // What n2 and n3 do is unknown to n1, and they are lost.
  cluster.partition("n1");
  const lost = await opened(await cluster.awaitLeader(["n2", "n3"]), 1);
  for (const id of ["n1", "n2", "n3"]) cluster.crash(id);
  const { confirmation } = await cluster.time.settled((await cluster.member("n1").make()).survey(), 5_000);
  const survivor = await cluster.member("n1").make();
  await cluster.time.settled(survivor.resetPeers({ confirmation, others: [] }), 5_000);
  await cluster.start("n1");
  const found = await opened(await cluster.awaitLeader(["n1"]), 101);
  const sameIndex = lost.filter(({ index }) => found.some((other) => other.index === index));
  expect(sameIndex.length).toBeGreaterThan(2); // else nothing was at stake

  // The clients of before go on: with what they had answers to, and with what is new.
  const { machine } = cluster.member("n1");
  const lines = machine.lines.map(({ text }) => text);
  for (const { session } of lost)
    for (const sequence of [1, 2]) {
      const answer = await ask(cluster.member("n1"), new InSession(session, sequence, 1, "after the recovery"));
      expect(answer).toBeInstanceOf(SessionRefused);
      expect(answer).toMatchObject({ refusal: "SessionExpired", reason: expect.stringContaining("open a new one") });
    }
  expect(machine.lines.map(({ text }) => text)).toEqual(lines);
  // Nor did they take anything from those who came later.
  for (const [at, { session }] of found.entries())
    expect(await ask(cluster.member("n1"), new InSession(session, 2, 2, `once more ${at}`))).toEqual(
      expect.any(Number),
    );
  expect(machine.lines.length).toBe(lines.length + CLIENTS);
  // No last judgement: that acknowledged commands are gone is what an unsafe recovery is.
  cluster.crash("n1");
});
