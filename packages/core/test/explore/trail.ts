/** How each state was reached: by which event from which other. Texts of events are kept once. */
export class Trail {
  private parents = new Int32Array(1 << 16);
  private events = new Int32Array(1 << 16);
  private count = 0;
  private readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();

  /** The number that the next state gets. */
  get next(): number {
    return this.count;
  }

  add(parent: number, event: string): void {
    if (this.count === this.parents.length) {
      this.parents = doubled(this.parents);
      this.events = doubled(this.events);
    }
    let number = this.numbers.get(event);
    if (number === undefined) {
      number = this.texts.length;
      this.texts.push(event);
      this.numbers.set(event, number);
    }
    this.parents[this.count] = parent;
    this.events[this.count++] = number;
  }

  /** The events that lead to that state, the first one first. */
  to(state: number): string[] {
    const events: string[] = [];
    for (let at = state; at > 0; at = this.parents[at] as number)
      events.unshift(this.texts[this.events[at] as number] as string);
    return events;
  }
}

function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
