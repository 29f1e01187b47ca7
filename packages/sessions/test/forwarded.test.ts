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

it("C04 C03 F02 a refusal of a session is the same behind a follower as on the leader, by class, code and reason", async () => {
  const cluster = new TestCluster({ seed: 7, modules: [sessions(new ContainerModule(() => {}))] });
  await cluster.start();
  const leader = await cluster.settled();
  const follower = cluster.members.find(({ id }) => id !== leader.id) as typeof leader;
  const ask = ({ node }: typeof leader, command: SessionCommand): Promise<unknown> =>
    cluster.time.settled(
      (node as unknown as Node<SessionCommand>).apply(command, { forward: true }),
      5_000,
      "an answer",
    );

  const { session } = (await ask(follower, new OpenSession(new Uint8Array(16)))) as SessionOpened;
  await ask(follower, new InSession(session, 1, 1, "a line"));
  await ask(follower, new InSession(session, 2, 2, "another"));
  for (const [command, refusal] of [
    [new InSession(77, 1, 1, "nobody's"), "SessionExpired"],
    [new InSession(session, 1, 1, "a line"), "AlreadyAcknowledged"],
  ] as const) {
    const [there, here] = [await ask(leader, command), await ask(follower, command)];
    expect(here).toBeInstanceOf(SessionRefused);
    expect(here).toMatchObject({ refusal });
    expect(here).toEqual(there);
  }
  cluster.dispose();
});
