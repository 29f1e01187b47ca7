import { QuorumPolicy } from "@hexraft/core/ports";
import { jointMembership, plan } from "@hexraft/membership";
import { TestCluster } from "@hexraft/testing";
import { ContainerModule } from "inversify";
import { weightedQuorum } from "./weighted-quorum.js";

// The machine in the big data centre counts for two: with any other one it is a quorum, of four voters.
const quorum = weightedQuorum((voter) => (voter === "big" ? 2 : 1));
const policy = new ContainerModule(({ bind }) => {
  bind(QuorumPolicy).toConstantValue(quorum);
});
const cluster = new TestCluster({ ids: ["big", "n2", "n3", "n4"], modules: [policy, jointMembership()] });
await cluster.start();
const leader = await cluster.settled();
await cluster.applied("with all four");

// Two of the small ones are gone: by heads that is no majority of four, by weight it is one.
const gone = ["n2", "n3", "n4"].filter((id) => id !== leader.id).slice(0, 2);
for (const id of gone) cluster.crash(id);
await cluster.awaitLeader();
await cluster.applied("with two of four");
console.log(`without ${gone.join(" and ")} the cluster goes on: ${cluster.leader()?.lines.join(", ")}`);

const { configuration } = (await cluster.awaitLeader()).describe();
const { members, voters } = configuration.configuration;
const target = {
  ...configuration.configuration,
  voters: voters.filter((id) => !gone.includes(id)),
  members: members.filter(({ id }) => !gone.includes(id)),
};
console.log(plan(configuration, target, undefined, quorum).text);
cluster.dispose();
