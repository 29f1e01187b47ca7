import { register, transportLaws } from "@hexraft/testing/conformance";
import { describe, it } from "vitest";
import { MemoryNetwork } from "../../src/network/memory-network.js";
import { VirtualHost } from "../../src/time/virtual-host.js";
import { VirtualTime } from "../../src/time/virtual-time.js";

for (const encode of [false, true]) {
  const { title, laws } = transportLaws(() => {
    const time = new VirtualTime();
    const host = new VirtualHost(time, "transport laws");
    const network = new MemoryNetwork({ encode, latencyMs: encode ? [1, 5] : 0, random: host.random });
    let made = 0;
    return {
      create: (address) => network.connect(host, address ?? `memory:${++made}`),
      until: (condition, what) => time.runUntil(condition, 10_000, what),
      pass: (ms) => time.advance(ms),
      dispose: () => {},
    };
  });
  register({ title: `${title}, in memory${encode ? ", as bytes" : ""}`, laws }, { describe, it });
}
