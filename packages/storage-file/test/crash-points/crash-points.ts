import { isDeepStrictEqual } from "node:util";
import { type DiskImage, type DiskStep, EMPTY_DISK } from "./journal-disk.js";
import { type Answer, comeUp, goOn, judge, lasting } from "./judge.js";
import type { Kind, RecordedLife } from "./life.js";
import { Platter, type PossibleDisk } from "./platter.js";

/** What was tried, and what it showed. */
export interface CrashPoints {
  /** Steps of the recorded lives. */
  readonly steps: number;
  /** Distinct disk images that a replica was started on. */
  readonly images: number;
  /** Starts of a replica, on these and on what it made of them. */
  readonly starts: number;
  /** Images on which a rule was broken. */
  readonly failures: number;
  /** The first few of them, in words. */
  readonly examples: readonly string[];
}

/** How much of it is done. */
export interface Extent {
  /** Crashes at each of so many steps; 1: at every one. */
  readonly everySteps: number;
  /** A second crash, at every step of the recovery, for one of so many images. */
  readonly secondCrashEvery: number;
}

const EXAMPLES_MAX = 10;

/** A kind of life, in words. */
export const titleOf = ({ preallocate, shared }: Kind): string =>
  `${shared ? "a shared log in " : ""}${preallocate ? "files written ahead and used again" : "growing files"}`;

type Outcome = Answer | { readonly broken: string };

/** Starts a replica on every disk that a crash in these lives could have left, and holds it to the rules. */
export async function tryCrashPoints(lives: readonly RecordedLife[], extent: Extent): Promise<CrashPoints> {
  const trial = new Trial(extent);
  for (const life of lives) await trial.run(life);
  return trial.result();
}

class Trial {
  private steps = 0;
  private starts = 0;
  private readonly images = new Set<string>();
  /** What came up from each image that a first crash left. */
  private readonly outcomes = new Map<string, Outcome>();
  /** What lasts of what came up from each image that a second crash left. */
  private readonly again = new Map<string, unknown>();
  private readonly broken = new Set<string>();
  private readonly examples: string[] = [];

  constructor(private readonly extent: Extent) {}

  async run(life: RecordedLife): Promise<void> {
    const platter = new Platter(EMPTY_DISK);
    this.steps += life.journal.length;
    for (let at = 0; at <= life.journal.length; at++) {
      if (at > 0) platter.advance(life.journal[at - 1] as DiskStep);
      if (at % this.extent.everySteps !== 0) continue;
      const here = new Set<string>();
      for (const disk of platter.possibilities()) {
        if (here.has(disk.key)) continue;
        here.add(disk.key);
        await this.tryDisk(life, at, disk);
      }
    }
  }

  result(): CrashPoints {
    const { steps, starts, examples } = this;
    return { steps, images: this.images.size, starts, failures: this.broken.size, examples };
  }

  /** One image at one point of a life: what comes up is the same each time, what may come up depends on the point. */
  private async tryDisk(life: RecordedLife, at: number, disk: PossibleDisk): Promise<void> {
    const key = `${titleOf(life.kind)} ${disk.key}`;
    let outcome = this.outcomes.get(key);
    if (outcome === undefined) {
      this.images.add(disk.key);
      outcome = await this.start(life, disk.image(), this.outcomes.size % this.extent.secondCrashEvery === 0);
      this.outcomes.set(key, outcome);
    }
    const broken = "broken" in outcome ? outcome.broken : judge(life, at, outcome);
    if (broken !== undefined) this.report(key, `crash after step ${at} of ${life.journal.length}: ${broken}`);
  }

  /** Comes up, and crashes again: in the middle of coming up, and after it went on for a while. */
  private async start(life: RecordedLife, image: DiskImage, crashesAgain: boolean): Promise<Outcome> {
    const { kind } = life;
    try {
      this.starts++;
      const { disk, answer, log } = await comeUp(image, kind);
      const recovery = [...disk.journal];
      const platter = new Platter(image);
      for (const [i, step] of recovery.entries()) {
        platter.advance(step);
        if (!crashesAgain && i < recovery.length - 1) continue;
        for (const possible of [platter.nothingKept(), platter.allKept()])
          await this.mustSayAgain(life, possible, answer, `second crash after step ${i + 1} of the recovery`);
      }
      const content = await goOn(log, answer);
      for (const step of disk.journal.slice(recovery.length)) platter.advance(step);
      const later = await comeUp(platter.nothingKept().image(), kind);
      this.starts++;
      const isThere = isDeepStrictEqual(later.answer.content, content);
      const isLater = later.answer.opened.startNumber > answer.opened.startNumber;
      return isThere && isLater ? answer : { broken: "L01 what was written after the recovery is not there" };
    } catch (error) {
      return { broken: String(error) };
    }
  }

  private async mustSayAgain(life: RecordedLife, disk: PossibleDisk, first: Answer, when: string): Promise<void> {
    const key = `${titleOf(life.kind)} ${disk.key}`;
    let said = this.again.get(key);
    if (said === undefined) {
      this.images.add(disk.key);
      this.starts++;
      said = lasting((await comeUp(disk.image(), life.kind)).answer);
      this.again.set(key, said);
    }
    if (!isDeepStrictEqual(said, lasting(first)))
      throw new Error(`${when}: ${JSON.stringify(said)} instead of ${JSON.stringify(lasting(first))}`);
  }

  private report(key: string, what: string): void {
    if (this.broken.has(key)) return;
    this.broken.add(key);
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(what);
  }
}
