import { Scheduler } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { register, schedulerLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it } from "vitest";
import { VirtualHost } from "../../src/time/virtual-host.js";
import { VirtualTime } from "../../src/time/virtual-time.js";

const virtual = schedulerLaws(() => {
  const time = new VirtualTime();
  return { scheduler: time, pass: (ms) => time.advance(ms) };
});
const hosted = schedulerLaws(() => {
  const time = new VirtualTime();
  return { scheduler: new VirtualHost(time, "scheduler laws").scheduler, pass: (ms) => time.advance(ms) };
});
const real = schedulerLaws(async () => {
  const container = new Container();
  container.load(nodeRuntime());
  const scheduler = await container.getAsync<Scheduler>(Scheduler);
  return { scheduler, pass: (ms) => new Promise((resolve) => void scheduler.schedule(() => resolve(), ms)) };
});
register({ ...virtual, title: `${virtual.title}, on virtual time` }, { describe, it });
register({ ...hosted, title: `${hosted.title}, of a virtual host` }, { describe, it });
register({ ...real, title: `${real.title}, on Node.js` }, { describe, it });
