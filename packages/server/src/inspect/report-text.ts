import type { DamagedRange, DirectoryReport, InspectedGroup, LogDifference } from "@hexraft/storage-file";

/** A report as an operator reads it. */
export function reportText({ directory, identity, sharedLog, groups, damage }: DirectoryReport): string {
  const whose =
    identity === null
      ? `${directory}: nobody's`
      : `${directory}: node ${identity.nodeId}, cluster ${identity.clusterId || "none yet"}, start ${identity.startNumber}`;
  const wrong = damage.length === 0 ? ["nothing is damaged"] : ["DAMAGED", ...damage.map(damageText)];
  return [whose, ...sharedText(sharedLog), ...groups.flatMap(groupText), ...wrong].join("\n");
}

function sharedText(log: DirectoryReport["sharedLog"]): string[] {
  if (log === null) return [];
  const { segments, unfinished } = log;
  const files = segments.map(({ file, bytes, generation }) => `  ${file}: ${bytes} bytes, use ${generation}`);
  return ["a log that all groups share", ...files, ...(unfinished === "" ? [] : [`  unfinished: ${unfinished}`])];
}

function groupText(group: InspectedGroup): string[] {
  const { groupId, incarnation, hardState, base, last, commitHint, runs, configurations, segments, snapshots } = group;
  const entries =
    base.index === last.index ? `no entries after ${last.index}` : `entries ${base.index + 1}–${last.index}`;
  const vote = hardState.vote === null ? "no vote" : `voted for ${hardState.vote.id} (${hardState.vote.incarnation})`;
  const terms = runs.map(({ first, term }, i) => `${first}–${(runs[i + 1]?.first ?? last.index + 1) - 1}: ${term}`);
  return [
    `group ${groupId}, replica ${incarnation}`,
    `  term ${hardState.term}, ${vote}`,
    `  ${entries}, committed at least up to ${commitHint}; terms ${terms.join(", ") || "none"}`,
    ...configurations.map(({ id, configuration: { voters, votersOld, learners } }) => {
      const before = votersOld.length > 0 ? `, jointly with ${votersOld.join(" ")}` : "";
      return `  configuration at ${id.index}: voters ${voters.join(" ")}${before}${learners.length > 0 ? `, learners ${learners.join(" ")}` : ""}`;
    }),
    ...segments.map(({ file, bytes, batches, first, last: highest, closed, generation }) => {
      const content = first === 0 ? "no entries" : `entries ${first}–${highest}`;
      return `  ${file}: ${content}, ${batches} batches, ${bytes} bytes, ${closed ? "closed" : "open"}, use ${generation}`;
    }),
    ...snapshots.map(
      ({ file, id, sizeBytes }) => `  ${file}: up to ${id.index} of term ${id.term}, ${sizeBytes} bytes`,
    ),
    ...forgottenText(group.forgotten),
    ...(group.unfinished === "" ? [] : [`  unfinished: ${group.unfinished}`]),
    ...(group.refusal === "" ? [] : [`  it would not open: ${group.refusal}`]),
  ];
}

/** L03: the log cannot tell any more that there was something. */
function forgottenText(hole: InspectedGroup["forgotten"]): string[] {
  if (hole === null) return [];
  const { first, last, file, offset, length } = hole;
  const lost = `entries ${first}–${last} were lost with their terms (${file} bytes ${offset}–${offset + length - 1})`;
  return [`  FORGOTTEN: ${lost}; this replica does not count before it holds what was committed up to ${last}`];
}

const damageText = ({ file, offset, length, what }: DamagedRange): string =>
  `  ${file} bytes ${offset}–${offset + Math.max(1, length) - 1}: ${what}`;

/** A comparison as an operator reads it. */
export function differenceText({ common, differing, last }: LogDifference): string {
  const both =
    common.to < common.from ? "no entry is in both logs" : `entries ${common.from}–${common.to} are in both logs`;
  const [left, right] = last;
  const longer = left === right ? "both end there" : `the first ends at ${left}, the second at ${right}`;
  if (differing.length === 0) return `${both} and are equal; ${longer}`;
  const ranges = differing.map(({ from, to, terms }) =>
    terms[0] === terms[1]
      ? `  ${from}–${to}: term ${terms[0]} in both, with other contents`
      : `  ${from}–${to}: terms ${terms[0]} and ${terms[1]}`,
  );
  return [`${both}; ${longer}`, "DIFFERENT", ...ranges].join("\n");
}
