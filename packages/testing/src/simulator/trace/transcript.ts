import { RaftError } from "@hexraft/core/ports";
import type { Fault } from "../faults/fault.js";
import { isAmount, misshapen } from "../faults/fault-shapes.js";
import type { Plan } from "../faults/plan.js";
import type { RunReport } from "../run-report.js";
import { traceAsText } from "./render.js";
import type { TraceLine } from "./trace.js";

/** A run as it is kept: enough to play it again, and what was seen when it was written down. */
export interface Transcript {
  /** What was simulated; a name that whoever plays it knows. */
  readonly world: string;
  /** The whole plan: it stays the same when seeds come to mean other plans. */
  readonly plan: Plan;
  /** What broke at that time, `null` if nothing did. */
  readonly saw: string | null;
  /** The trace at that time: equal if it is played by the same code (I19). */
  readonly traceHash: string;
}

/** The first line of a transcript; another format has another number. */
export const TRANSCRIPT_HEADER = "hexraft transcript 1";
/** Lines of the story that a transcript keeps: the newest. */
export const STORY_LINES_MAX = 400;

/** What a reader follows a run by: what happens to nodes. Messages and calls are in the trace of the run, played again. */
const TOLD: ReadonlySet<TraceLine["kind"]> = new Set<TraceLine["kind"]>([
  "role",
  "process",
  "fault",
  "disk",
  "snapshot",
  "configuration",
  "violation",
]);

/**
 * Writes a run down: its plan line by line, what broke, and the story. Lines that begin with `#` are for whoever keeps it, and lines of
 * faults may be edited or taken out.
 *
 * @param world - what was simulated.
 * @param plan - what was played.
 * @param report - what it showed; the story is of the lines that it kept.
 */
export function writeTranscript(world: string, plan: Plan, report: RunReport): string {
  const { faults, ...rest } = plan;
  const story = report.lines.filter(({ kind }) => TOLD.has(kind)).slice(-STORY_LINES_MAX);
  const head = [
    TRANSCRIPT_HEADER,
    `world ${world}`,
    `plan ${JSON.stringify(rest)}`,
    ...faults.map((fault) => `fault ${JSON.stringify(fault)}`),
    `saw ${report.violation?.message.replaceAll("\n", " ") ?? NOTHING}`,
    `trace ${report.traceHash}`,
    "story",
  ];
  return `${head.join("\n")}\n${traceAsText(story)}`;
}

/**
 * Reads a transcript.
 *
 * @param text - the file.
 * @param file - its name, for errors.
 * @throws RaftError `BadOption` that names the line which is not one of a transcript, and what should be there.
 */
export function readTranscript(text: string, file: string): Transcript {
  const reader = new TranscriptReader(file);
  const lines = text.split(/\r?\n/);
  if (lines[0] !== TRANSCRIPT_HEADER) throw reader.refusal(1, `must be "${TRANSCRIPT_HEADER}"`);
  for (const [i, line] of lines.entries()) {
    if (line === "story") break;
    if (i > 0 && line !== "" && !line.startsWith("#")) reader.take(i + 1, line);
  }
  return reader.result(lines.length);
}

const NOTHING = "nothing";

class TranscriptReader {
  private readonly words = new Map<string, string>();
  private readonly faults: Fault[] = [];
  private plan: Omit<Plan, "faults"> | undefined;

  constructor(private readonly file: string) {}

  take(number: number, line: string): void {
    const space = line.indexOf(" ");
    const [word, rest] = [line.slice(0, space), line.slice(space + 1)];
    if (word === "plan") this.plan = this.planOf(number, rest);
    else if (word === "fault") this.faults.push(this.faultOf(number, rest));
    else if (word === "world" || word === "saw" || word === "trace") this.words.set(word, rest);
    else throw this.refusal(number, "must begin with world, plan, fault, saw, trace, story or #");
  }

  result(lines: number): Transcript {
    const { plan, faults } = this;
    if (plan === undefined) throw this.refusal(lines, "a line that begins with plan is missing before the story");
    const saw = this.word("saw", lines);
    return {
      world: this.word("world", lines),
      plan: { ...plan, faults: faults.toSorted((a, b) => a.atMs - b.atMs) },
      saw: saw === NOTHING ? null : saw,
      traceHash: this.word("trace", lines),
    };
  }

  refusal(line: number, what: string): RaftError {
    return new RaftError("BadOption", "refused", `${this.file}, line ${line}: ${what}`, { file: this.file, line });
  }

  private word(name: string, lines: number): string {
    const found = this.words.get(name);
    if (found === undefined) throw this.refusal(lines, `a line that begins with ${name} is missing before the story`);
    return found;
  }

  private planOf(number: number, text: string): Omit<Plan, "faults"> {
    const plan = this.parsed(number, text) as Omit<Plan, "faults">;
    const { seed, nodes, clients, callsPerSecond, durationMs, options, encode, witnesses = [] } = plan;
    const counts = { seed, clients, callsPerSecond, durationMs };
    for (const [name, value] of Object.entries(counts))
      if (!isAmount(value)) throw this.refusal(number, `${name} must be a number from 0 on`);
    if (!Array.isArray(nodes) || nodes.length === 0 || !nodes.every((id) => typeof id === "string"))
      throw this.refusal(number, "nodes must be names, one or more");
    if (!Array.isArray(witnesses) || !witnesses.every((id) => nodes.includes(id)))
      throw this.refusal(number, "witnesses must be some of the nodes");
    if (typeof options !== "object" || options === null || typeof encode !== "boolean")
      throw this.refusal(number, "options must be an object, and encode true or false");
    return plan;
  }

  private faultOf(number: number, text: string): Fault {
    const fault = this.parsed(number, text) as Fault;
    const wrong = misshapen(fault, this.plan?.nodes ?? []);
    if (wrong !== undefined) throw this.refusal(number, wrong);
    return fault;
  }

  private parsed(number: number, text: string): object {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === "object" && value !== null) return value;
    } catch {
      // Told of below, with its line.
    }
    throw this.refusal(number, "what follows the first word must be a JSON object");
  }
}
