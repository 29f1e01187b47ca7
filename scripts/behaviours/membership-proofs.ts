import type { Proof } from "./proof.js";

const source = (name: string): string => `packages/core/src/protocol/${name}.ts`;
const tests = (...names: string[]): string[] => names.map((name) => `packages/core/test/protocol/${name}.test.ts`);

/** Changes of members: how they begin, who finishes them, and who is told. */
export const membershipProofs: readonly Proof[] = [
  {
    rule: "M04",
    file: source("configuration-change"),
    find: "  if (catchUps.size === 0) return enter(s, change, transition.configuration);",
    replace: "  if (catchUps.size >= 0) return enter(s, change, transition.configuration);",
    tests: tests("catching-up"),
  },
  {
    // Near once is near for ever, however long the round took.
    rule: "M04",
    file: source("catching-up"),
    find: "  catchUp.isDone = wasShort && isNear;",
    replace: "  catchUp.isDone = isNear;",
    tests: tests("catching-up"),
  },
  {
    rule: "M04",
    file: source("catching-up"),
    find: "    if (stillMs >= s.options.catchUpTimeoutMs && !catchUp.isDone)",
    replace: "    if (stillMs < 0)",
    tests: tests("catching-up"),
  },
  {
    rule: "M04",
    file: source("term"),
    find: "error: appended ? lost : neverBegun(cause) });",
    replace: "error: lost ?? neverBegun(cause + appended) });",
    tests: tests("catching-up"),
  },
  {
    rule: "M05",
    file: source("leaving"),
    find: "  if (target !== undefined) handOver(s, office, -1, target);",
    replace: "  if (target === null) handOver(s, office, -1, target);",
    tests: tests("leaving"),
  },
  {
    rule: "M05",
    file: source("leadership-transfer"),
    find: "  if (office?.leaving === true)\n",
    replace: "  if (office?.leaving === undefined)\n",
    tests: tests("leaving"),
  },
  {
    rule: "M09",
    file: source("leaving"),
    find: "    if (knows || s.now >= peer.tellUntil) forgetPeer(s, office, peer);",
    replace: "    forgetPeer(s, office, peer);",
    tests: tests("leaving"),
  },
  {
    rule: "M09",
    file: source("removal"),
    find: "  s.outbox.persistHardState(s.hardState());\n",
    replace: "",
    tests: tests("leaving"),
  },
  {
    rule: "M09",
    file: source("removal"),
    find: "configurationIndex > s.configurations.own.id.index &&",
    replace: "configurationIndex > 0 &&",
    tests: tests("leaving"),
  },
  {
    rule: "M07",
    file: source("configuration-change"),
    find: '  if (transition.kind === "refused") return refuse(refused(transition.reason));',
    replace: '  if (transition.kind === "refused" || target.learners.length > 0) return refuse(refused("learners"));',
    tests: tests("catching-up"),
  },
  {
    rule: "M14",
    file: source("configuration-change"),
    find: "  if (expected === null || expected === index) return undefined;",
    replace: "  if (expected === null || expected <= index) return undefined;",
    tests: tests("catching-up"),
  },
  {
    rule: "M15",
    file: source("configuration-change"),
    find: "  const reachable = s.quorum.voteResult(configuration, (id) => {",
    replace: "  const reachable = s.quorum.voteResult({ ...configuration, votersOld: [] }, (id) => {",
    tests: tests("catching-up"),
  },
  {
    rule: "M16",
    file: source("configuration-change"),
    find: "  if (change === undefined || change.appended) {",
    replace: "  if (change === undefined || !change.appended) {",
    tests: tests("catching-up"),
  },
  {
    rule: "E20",
    file: source("election"),
    find: "  if (!mayCampaign(s) || letsOthersGoFirst(s)) {",
    replace: "  if (!mayCampaign(s)) {",
    tests: tests("priority"),
  },
  {
    // A favourite that is dead is waited for, for ever.
    rule: "E20",
    file: source("election"),
    find: "  if (s.emptyWaits >= PATIENCE_TIMEOUTS) return false;\n",
    replace: "",
    tests: tests("priority"),
  },
  {
    rule: "E20",
    file: source("leadership-transfer"),
    find: "  if (target !== undefined) handOver(s, office, -1, target);\n}",
    replace: "  if (target === null) handOver(s, office, -1, target);\n}",
    tests: tests("priority"),
  },
  {
    rule: "E24",
    file: source("health"),
    find: "  giveUpOffice(s, reason);",
    replace: "  if (reason === undefined) giveUpOffice(s, reason);",
    tests: tests("health"),
  },
  {
    rule: "E24",
    file: source("voting"),
    find: "  if (s.writeOverdue) return false;\n",
    replace: "",
    tests: tests("health"),
  },
  {
    rule: "E24",
    file: source("health"),
    find: "forMs < s.T || s.now - quorumHeardAt(s) < s.T) return;",
    replace: "forMs >= 0 || s.now - quorumHeardAt(s) < s.T) return;",
    tests: tests("health"),
  },
  {
    rule: "E24",
    file: "packages/core/src/components/timer-service.ts",
    find: "  private fire(): void {\n    this.noticePause();\n",
    replace: "  private fire(): void {\n",
    tests: ["packages/core/test/components/timer-service.test.ts"],
  },
  {
    rule: "E24",
    file: "packages/core/src/components/log-manager.ts",
    find: "    if (forMs >= overdue.afterMs) this.events.post",
    replace: "    if (forMs < 0) this.events.post",
    tests: ["packages/core/test/components/log-manager.test.ts"],
  },
];

/** Peers and nodes that have lost something. */
export const lossProofs: readonly Proof[] = [
  {
    rule: "R20",
    file: source("replicator-group"),
    find: "  peer.hasLostData = true;\n",
    replace: "",
    tests: tests("lost-data"),
  },
  {
    // An old message that comes late is taken for news.
    rule: "R20",
    file: source("replicator-group"),
    find: "peer.answeredInStart <= peer.ackedInStart || last >= peer.match) return;",
    replace: "last >= peer.match) return;",
    tests: tests("lost-data"),
  },
  {
    rule: "R20",
    file: source("append-entries"),
    find: "  if (message.commit > s.log.last.index) reportLoss(s, message.commit);",
    replace: '  if (message.commit > s.log.last.index) s.drop("commit beyond this log");',
    tests: tests("lost-data"),
  },
  {
    rule: "S10",
    file: source("snapshot-flow"),
    find: "    if (peer.keepFrom > 0 && ",
    replace: "    if (peer.keepFrom > 0 && peer.transfer !== undefined && ",
    tests: tests("restoring"),
  },
  {
    rule: "S10",
    file: source("snapshot-flow"),
    find: "s.log.bytesAppended - peer.keptSinceBytes <= s.options.keptLogBytesMax)",
    replace: "s.log.bytesAppended >= 0)",
    tests: tests("restoring"),
  },
  {
    rule: "S11",
    file: source("replicator-group"),
    find: '  if (above === 0 || peer.state === "snapshot") return;',
    replace: "  if (above >= 0) return;",
    tests: tests("restoring"),
  },
  {
    rule: "S11",
    file: source("snapshot-installing"),
    find: "  return id.index > s.commit || (s.restoring > 0 && id.index > s.restoring);",
    replace: "  return id.index > s.commit;",
    tests: tests("restoring"),
  },
  {
    rule: "S09",
    file: source("election"),
    find: "  const isRestoring = s.restoring > 0 || ",
    replace: "  const isRestoring = ",
    tests: tests("restoring"),
  },
  {
    rule: "R10",
    file: source("replicator-group"),
    find: "withinLimits(fetched.blocks, s.options.batchEntriesMax, s.options.batchBytesMax));",
    replace: "withinLimits(fetched.blocks, 2 ** 30, 2 ** 30));",
    tests: tests("restoring"),
  },
  {
    rule: "M11",
    file: source("judging"),
    find: "  if (s.log.last.index > 0) return false;\n",
    replace: "",
    tests: tests("judging"),
  },
];
