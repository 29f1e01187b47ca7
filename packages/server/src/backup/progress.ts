/** Between two lines about the same, ms. */
const EVERY_MS = 1_000;

/** Tells how far it is: on a terminal in one line, else in a line a second. */
export class Progress {
  private readonly began = performance.now();
  private told = this.began;
  private bytes = 0;

  constructor(
    private readonly totalBytes: number,
    private readonly say: (text: string) => void,
    private readonly inPlace: boolean,
  ) {}

  /** So many more bytes. */
  more(bytes: number): void {
    this.bytes += bytes;
    const now = performance.now();
    if (now - this.told < EVERY_MS) return;
    this.told = now;
    const percent = Math.floor((100 * this.bytes) / this.totalBytes);
    const line = `${percent} % of ${sizeText(this.totalBytes)}`;
    this.say(this.inPlace ? `\r${line}` : `${line}\n`);
  }

  /** How long it has taken. */
  get seconds(): string {
    return ((performance.now() - this.began) / 1_000).toFixed(1);
  }
}

/** Bytes, for people. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${bytes} bytes`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
