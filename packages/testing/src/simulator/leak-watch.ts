/** What outlives a run, or fails where nobody looks: nothing else may run in the process meanwhile. */
export class LeakWatch {
  private readonly before = process.getActiveResourcesInfo();
  private readonly rejections: unknown[] = [];
  private readonly onRejection = (reason: unknown): void => void this.rejections.push(reason);

  constructor() {
    process.on("unhandledRejection", this.onRejection);
  }

  /** I17, I18: what is new since the beginning belongs to the service, and waits outside the ports. */
  async judge(accuse: (invariant: string, what: string) => void): Promise<void> {
    const live = moreThan(this.before, process.getActiveResourcesInfo());
    if (live.length > 0) accuse("I17", `something waits outside the ports: ${live.join(", ")}`);
    await new Promise<void>((resolve) => void setImmediate(resolve));
    if (this.rejections.length > 0) accuse("I18", `a rejection that nobody handles: ${String(this.rejections[0])}`);
  }

  /** To be called in any case. */
  end(): void {
    process.off("unhandledRejection", this.onRejection);
  }
}

/** What is in `after` more often than in `before`. */
function moreThan(before: readonly string[], after: readonly string[]): readonly string[] {
  const known = before.slice();
  return after.filter((kind) => {
    const at = known.indexOf(kind);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}
