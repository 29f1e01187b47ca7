import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it, vi } from "vitest";
import { freePorts } from "../../src/proxy/free-ports.js";

it("T04 free ports are different, free, and none that the host gives to outgoing connections", async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
  expect(ports.filter((port) => port < 20_000 || port >= 32_000)).toEqual([]);
  for (const port of ports) {
    const server = createServer().listen(port, "127.0.0.1");
    await once(server, "listening");
    await once(server.close(), "close");
  }
});

it("T04 none is given twice, neither in one process nor in two that ask at the same time", async () => {
  vi.resetModules();
  const another = await import("../../src/proxy/free-ports.js"); // knows nothing of the first one, as in a process of its own
  expect(another.freePorts).not.toBe(freePorts);
  const asked = [freePorts, another.freePorts, freePorts, another.freePorts].map((ask) => ask(120));
  const ports = (await Promise.all(asked)).flat();
  expect(new Set(ports).size).toBe(480);
});
