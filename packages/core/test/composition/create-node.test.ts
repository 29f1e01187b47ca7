import { Container, ContainerModule } from "inversify";
import { describe, expect, it } from "vitest";
import { createNode, type RaftError } from "../../src/index.js";
import {
  Checksum,
  Clock,
  LogStorage,
  RandomSource,
  Scheduler,
  SnapshotStorage,
  StateMachine,
  Transport,
  Turn,
} from "../../src/ports.js";

/** Nothing here is ever called: a node is composed, and not started. */
const binding = (token: Parameters<Parameters<ConstructorParameters<typeof ContainerModule>[0]>[0]["bind"]>[0]) =>
  new ContainerModule(({ bind }) => {
    bind(token).toConstantValue({});
  });
const ports = {
  LogStorage,
  SnapshotStorage,
  StateMachine,
  Transport,
  Scheduler,
  Turn,
  Clock,
  RandomSource,
  Checksum,
};
const all = Object.values(ports).map(binding);
const error = (promise: Promise<unknown>): Promise<RaftError> =>
  promise.then(
    () => {
      throw new Error("it was composed");
    },
    (thrown: RaftError) => thrown,
  );

describe("createNode", () => {
  it("composes a node out of one module per port; Logger, Codec and the policies may be left out", async () => {
    const node = await createNode({ nodeId: "n1" }, all);
    expect(node.id).toBe("n1");
    await node.stop();
  });

  it("whoever brings the container can let go of all that was bound", async () => {
    const container = new Container({ defaultScope: "Singleton" });
    container.snapshot();
    await createNode({ nodeId: "n1" }, all, container);
    expect(Object.values(ports).map((token) => container.isBound(token))).not.toContain(false);
    container.restore();
    expect(Object.values(ports).map((token) => container.isBound(token))).not.toContain(true);
  });

  it.each(Object.keys(ports))("O05 a missing %s is named, with what to add", async (name) => {
    const token = ports[name as keyof typeof ports];
    const others = Object.values(ports).filter((each) => each !== token);
    const { code, message } = await error(createNode({ nodeId: "n1" }, others.map(binding)));
    expect(code).toBe("BindingMissing");
    expect(message).toMatch(new RegExp(`^no module binds ${name}; add .*\\(.*\\)`));
  });

  it("O05 a port that two modules bind is named", async () => {
    const { code, message } = await error(createNode({ nodeId: "n1" }, [...all, binding(Transport)]));
    expect(code).toBe("BindingMissing");
    expect(message).toBe("2 modules bind Transport, and a node has one; remove all but one of them.");
  });

  it("O05 a bad option is refused with field, value and rule, before any module is loaded", async () => {
    let loaded = false;
    const module = new ContainerModule(() => {
      loaded = true;
    });
    const { code, details } = await error(createNode({ nodeId: "n1", electionTimeoutMs: 3 }, [module]));
    expect(code).toBe("BadOption");
    expect(details).toMatchObject({ field: "electionTimeoutMs", value: 3 });
    expect(loaded).toBe(false);
  });

  it("two nodes of one process share nothing", async () => {
    const made: object[] = [];
    const module = new ContainerModule(({ bind }) => {
      bind(Transport)
        .toDynamicValue(() => {
          const one = {} as Transport;
          made.push(one);
          return one;
        })
        .inSingletonScope();
    });
    const rest = Object.values(ports)
      .filter((token) => token !== Transport)
      .map(binding);
    await createNode({ nodeId: "n1" }, [...rest, module]);
    await createNode({ nodeId: "n2" }, [...rest, module]);
    expect(made).toHaveLength(2);
  });
});
