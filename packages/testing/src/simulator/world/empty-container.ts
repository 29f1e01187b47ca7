import { Container } from "inversify";

/**
 * A container that is empty again after `restore()`. The container library has a closure per container that the host makes among its
 * old objects, and these die with the next collection of the whole heap: until then a forgotten container would keep all that
 * a process was, and whatever it points to.
 */
export function emptyContainer(): Container {
  const container = new Container({ defaultScope: "Singleton" });
  container.snapshot();
  return container;
}
