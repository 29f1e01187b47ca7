import type { LawSuite } from "./law.js";
import { transportConnectionLaws } from "./transport-connection-laws.js";
import type { TransportFactory } from "./transport-fixture.js";
import { transportMessageLaws } from "./transport-message-laws.js";

/** What every Transport must do. Each law gets a network of its own from `factory`. */
export const transportLaws = (factory: TransportFactory): LawSuite => ({
  title: "Transport laws",
  laws: [...transportConnectionLaws(factory), ...transportMessageLaws(factory)],
});
