import { type LawSuite, lawSuite } from "./law-suite.js";
import { transportConnectionLaws } from "./transport-connection-laws.js";
import type { TransportFactory } from "./transport-fixture.js";
import { transportMessageLaws } from "./transport-message-laws.js";

/** What every Transport must do. Each law gets a network of its own from `factory`. */
export const transportLaws = (factory: TransportFactory): LawSuite =>
  lawSuite("Transport laws", [...transportConnectionLaws(factory), ...transportMessageLaws(factory)]);
