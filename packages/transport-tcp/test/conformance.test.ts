import { Transport } from "@hexraft/core/ports";
import { nodeRuntime } from "@hexraft/runtime-node";
import { register, transportLaws } from "@hexraft/testing/conformance";
import { Container } from "inversify";
import { describe, it, vi } from "vitest";
import { tcpTransport } from "../src/index.js";

const laws = transportLaws(() => ({
  create(address = "127.0.0.1:0") {
    const [host = "", port] = address.split(":");
    const container = new Container();
    container.load(nodeRuntime(), tcpTransport({ host, port: Number(port), reconnectMaxMs: 50 }));
    return container.get(Transport);
  },
  async until(condition, what) {
    await vi.waitUntil(condition, { timeout: 10_000, interval: 2 }).catch(() => {
      throw new Error(`not within 10 s: ${what}`);
    });
  },
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  dispose: () => {},
}));
register(laws, { describe, it });
