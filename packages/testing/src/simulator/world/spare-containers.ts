import { Container } from "inversify";

/** So many are kept; a simulation uses one for each of its nodes, and a few for looks at what a power cut would leave. */
const SPARES_MAX = 16;
const spares: Container[] = [];

/**
 * A container with nothing in it, to be given back. A new one costs a fifth of composing a node with it, and the library has a closure
 * per container that the host makes among its old objects: these die with the next collection of the whole heap, and until then a
 * forgotten container would keep all that a process was, and whatever it points to.
 */
export function takeContainer(): Container {
  const container = spares.pop() ?? new Container({ defaultScope: "Singleton" });
  container.snapshot();
  return container;
}

/** Empties it for whoever wants one next. Nobody may use it any more, nor wait for what it makes. */
export function giveBack(container: Container): void {
  container.restore();
  if (spares.length < SPARES_MAX) spares.push(container);
}
