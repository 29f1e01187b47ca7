import { connect, type Socket } from "node:net";

/** Longest wait for what is to be heard, ms. */
const PATIENCE_MS = 20_000;

/** A socket that says exactly what it is told, and keeps what it hears as latin1 text. */
export class RawClient {
  heard = "";
  closed = false;
  private waiting: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.heard += chunk.toString("latin1");
      this.wake();
    });
    socket.on("error", () => this.wake());
    socket.on("close", () => {
      this.closed = true;
      this.wake();
    });
  }

  static async to(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  say(latin1: string): void {
    this.socket.write(Buffer.from(latin1, "latin1"));
  }

  /** Waits until it has heard something that satisfies `test`; fails after {@link PATIENCE_MS}, telling what it heard. */
  async until(test: (heard: string) => boolean): Promise<string> {
    const deadline = setTimeout(() => this.socket.destroy(), PATIENCE_MS);
    while (!test(this.heard) && !this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
    clearTimeout(deadline);
    if (!test(this.heard)) throw new Error(`closed after ${JSON.stringify(this.heard)}`);
    return this.heard;
  }

  /** Says it, and returns what is answered up to the answer of a marker sent behind it. */
  async exchange(latin1: string): Promise<string> {
    this.heard = "";
    this.say(`${latin1}*2\r\n$4\r\nECHO\r\n$5\r\n-end-\r\n`);
    const marker = "$5\r\n-end-\r\n";
    return (await this.until((heard) => heard.endsWith(marker))).slice(0, -marker.length);
  }

  /** Waits until the other side has closed. */
  async end(): Promise<string> {
    const deadline = setTimeout(() => this.socket.destroy(new Error("not closed in time")), PATIENCE_MS);
    while (!this.closed) await new Promise<void>((resolve) => this.waiting.push(resolve));
    clearTimeout(deadline);
    return this.heard;
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resume of waiting) resume();
  }
}

/** A command in the form client libraries send. */
export const resp = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
