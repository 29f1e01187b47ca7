import type { TraceLine } from "./trace.js";

/** One JSON object per line. */
export const traceAsNdjson = (lines: readonly TraceLine[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/** For reading: time, node, what happened. Messages show when they leave and when they do not arrive. */
export function traceAsText(lines: readonly TraceLine[]): string {
  return lines
    .map(({ atMs, node, kind, text, message }) => {
      const time = atMs.toFixed(1).padStart(10);
      if (message === undefined) return `${time}  ${node.padEnd(4)} ${kind === "message" ? "" : `[${kind}] `}${text}\n`;
      const arrow = ARROWS[message.fate];
      return `${time}  ${node.padEnd(4)} ${arrow} ${message.to.padEnd(4)} ${text}\n`;
    })
    .join("");
}

const ARROWS = {
  sent: "──>",
  delivered: "  >",
  lost: "──x",
  doubled: "==>",
  overtaken: "~~>",
  late: "..>",
} as const;

/** Most arrows of a diagram; those before are left out. */
export const DIAGRAM_LINES_MAX = 300;

/** A Mermaid sequence diagram of the end of a trace: what arrived, what got lost, and what happened to nodes. */
export function traceAsMermaid(lines: readonly TraceLine[], linesMax = DIAGRAM_LINES_MAX): string {
  const shown = lines.filter(({ message }) => message?.fate !== "sent").slice(-linesMax);
  const nodes = [...new Set(shown.flatMap(({ node, message }) => [node, message?.to ?? ""]))]
    .filter(Boolean)
    .toSorted();
  const body = shown.map(({ node, text, message, atMs }) => {
    const words = `${atMs.toFixed(1)} ${text}`.replaceAll(/[;#]/g, " ");
    if (message !== undefined) return `  ${node}${message.fate === "lost" ? "--x" : "->>"}${message.to}: ${words}`;
    return node === "" ? `  Note over ${nodes[0]},${nodes.at(-1)}: ${words}` : `  Note over ${node}: ${words}`;
  });
  return `${["sequenceDiagram", ...nodes.map((node) => `  participant ${node}`), ...body].join("\n")}\n`;
}
