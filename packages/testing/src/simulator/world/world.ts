import type { Checksum } from "@hexraft/core/ports";
import type { ContainerModule } from "inversify";
import type { Operation } from "../clients/history.js";
import type { Model, Workload } from "../clients/model.js";
import type { Sessions } from "../clients/sessions.js";
import type { DiskKit } from "./simulated-disk.js";

/** F05: releases of a service, each of which knows one format more of its commands and snapshots; from 1 on. */
export interface Releases {
  /** The last one. */
  readonly newest: number;
  /** As {@link World.modules}, of one release. */
  readonly modules: (release: number) => readonly ContainerModule[];
  /** The oldest format in which a command in these bytes can be read. */
  readonly formatOf: (payload: Uint8Array) => number;
}

/** What is simulated: the service, its disks, and what its clients do. */
export interface World {
  /** Modules of one life of one node beside host, network and disk: state machine, codec, membership policy. Fresh ones each time. */
  readonly modules: () => readonly ContainerModule[];
  /** What the service should do. */
  readonly model: Model;
  /** What clients do. */
  readonly workload: Workload;
  /** C03: how its clients use sessions, where a plan asks for that. Default: they do not. */
  readonly sessions?: Sessions;
  /** F05: the service's releases, where a plan asks for upgrades. Default: there is one. */
  readonly releases?: Releases;
  /** The disks. */
  readonly disks: DiskKit;
  /** F07: whether what `apply` asks the clock or chance, or leaves running, ends the run. Default false: it costs time. */
  readonly watchesDeterminism?: boolean;
  /** A faster CRC-32 than the table that runs anywhere. */
  readonly checksum?: Checksum;
  /**
   * Searches the client history alone for an order that explains it; `undecided` if it gave up. The log is no witness
   * here: it might lie.
   */
  readonly search?: (model: Model, operations: readonly Operation[]) => "ok" | "undecided" | Contradicted;
}

/** What a search of the client history found wrong. */
export interface Contradicted {
  /** In words. */
  readonly fault: string;
}
