import type { Consistency, ReadToken } from "@hexraft/core";
import { RaftError, Rejected } from "@hexraft/core/ports";
import type { ClientOptions, Endpoint } from "./client-options.js";
import type { DoorClient, OperationOptions } from "./door-client.js";
import { RequestKind } from "./door-records.js";
import { Doors, type ReadFrom } from "./doors.js";
import { type Answered, failed } from "./outcome.js";
import type { Settle } from "./pending.js";
import { layOutRead } from "./read-request.js";
import { laterToken } from "./read-token.js";
import { bytesMade, type ClientCodec, checkCodec } from "./service-codec.js";

/** Options of {@link ServiceClient.read}. */
export interface ClientReadOptions extends OperationOptions {
  /** How new the answer must be (Q01, Q05, Q06, Q08), whichever node is asked. Default `linearizable`. */
  readonly consistency?: Consistency;
  /** Which node is asked. Default `leader`. */
  readonly from?: ReadFrom;
}

/**
 * A client of any state machine behind client doors (`openClientDoor` of `@hexraft/server`), typed by its codec: pipelines everything
 * over one connection to the leader and follows it (C05). Reads may go to another node instead, over a connection of their own.
 *
 * {@link propose} and {@link read} never reject: they say how it ended (C02). A command whose answer is lost is sent again under its number
 * in a session, and done once (C03), where the state machine has sessions around it; what has no session is never sent twice. What the codec
 * decodes are views of what the network delivered: it copies what is to be kept for long.
 *
 * @example
 * ```ts
 * const client = new ServiceClient(ledgerCodec, { endpoints: [{ host: "127.0.0.1", port: 7101 }] });
 * const answered = await client.propose({ type: "deposit", account: "ada", amount: 5 });
 * if (answered.outcome === "ok") console.log(answered.value.balance); // typed as the codec's result
 * client.close();
 * ```
 */
export class ServiceClient<Command, Result, Query, Answer> {
  private readonly doors: Doors;
  private seen: ReadToken | 0 = 0;
  private readonly decodeResult = (bytes: Uint8Array) => this.codec.decodeResult(bytes);
  private readonly decodeAnswer = (bytes: Uint8Array) => this.codec.decodeAnswer(bytes);

  /** @throws RaftError `BadOption`, naming field, value and rule (O05). Connects when the first operation needs it. */
  constructor(
    private readonly codec: ClientCodec<Command, Result, Query, Answer>,
    options: ClientOptions,
  ) {
    checkCodec(codec, ["encodeCommand", "decodeResult", "encodeQuery", "decodeAnswer"]);
    this.doors = new Doors(options);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.doors.inFlight;
  }

  /**
   * Q08: covers all that this client was shown or acknowledged. As `atLeast` of a read from any node it lets the client read
   * its own writes, and never go back behind what it has seen; handed to another client it takes that one along. 0: nothing yet.
   */
  get readToken(): ReadToken | 0 {
    return this.seen;
  }

  /** The leader's endpoint; null while it is being looked for. */
  get leaderEndpoint(): Endpoint | null {
    return this.doors.leader.leaderEndpoint;
  }

  /** Proposes a command. A command that the state machine rejects ended *ok*, with a `Rejected` as its value (F01). */
  propose(command: Command, options: OperationOptions = {}): Promise<Answered<Result>> {
    return new Promise((resolve) => this.command(command, options, resolve));
  }

  /** Asks a query. Reads change nothing, so their outcome is never *unknown*. */
  read(query: Query, options: ClientReadOptions = {}): Promise<Answered<Answer>> {
    return new Promise((resolve) => this.query(query, options, resolve));
  }

  /**
   * Ends it: what waits is refused, commands under way are *unknown*, connections are closed. Idempotent.
   */
  close(): void {
    this.doors.close();
  }

  /**
   * For named operations of a client that extends this one: proposes, and resolves with what is wanted of the result. Rejects if it did not
   * end well, also for what the state machine rejects, and so did not change (`BadCommand`; its `details.rejection` is the code).
   */
  protected result<T>(
    make: () => Command,
    options: OperationOptions | undefined,
    wanted: (result: Exclude<Result, Rejected>) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.command(make(), options ?? {}, (answered) => {
        if (answered.outcome !== "ok") reject(answered.error);
        else if (answered.value instanceof Rejected) reject(rejectedBy(answered.value));
        else resolve(wanted(answered.value as Exclude<Result, Rejected>));
      });
    });
  }

  /** The same for queries. */
  protected answer<T>(
    make: () => Query,
    options: ClientReadOptions | undefined,
    wanted: (answer: Answer) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.query(make(), options ?? {}, (answered) => {
        if (answered.outcome === "ok") resolve(wanted(answered.value));
        else reject(answered.error);
      });
    });
  }

  private command(command: Command, options: OperationOptions, settle: Settle<Result>): void {
    let bytes: Uint8Array;
    try {
      bytes = bytesMade(this.codec.encodeCommand(command), "command");
    } catch (error) {
      return settle(failed(error));
    }
    this.send(this.doors.leader, RequestKind.command, bytes, this.decodeResult, options, settle);
  }

  private query(query: Query, options: ClientReadOptions, settle: Settle<Answer>): void {
    const { from = "leader", consistency = "linearizable" } = options;
    let door: DoorClient;
    let request: ReturnType<typeof layOutRead>;
    try {
      door = this.doors.to(from);
      request = layOutRead(consistency, bytesMade(this.codec.encodeQuery(query), "query"));
    } catch (error) {
      return settle(failed(error));
    }
    this.send(door, request.kind, request.bytes, this.decodeAnswer, options, settle);
  }

  private send<T>(
    door: DoorClient,
    kind: RequestKind,
    bytes: Uint8Array,
    decode: (bytes: Uint8Array) => T,
    options: OperationOptions,
    settle: Settle<T>,
  ): void {
    door.request(kind, bytes, options, (answered) => {
      if (answered.outcome !== "ok") return settle(answered);
      const { token } = answered;
      if (token !== undefined) this.seen = this.seen === 0 ? token : laterToken(this.seen, token);
      let value: T;
      try {
        value = decode(answered.value);
      } catch (error) {
        return settle(failed(unreadable(kind, error)));
      }
      settle({ outcome: "ok", value, token });
    });
  }
}

/** The state machine's refusal of a command, for those who throw. */
const rejectedBy = ({ code, reason }: Rejected): RaftError =>
  new RaftError("BadCommand", "refused", `The state machine rejected the command: ${reason}`, { rejection: code });

/** An answer came that this codec cannot read; a command was done nevertheless, and nobody knows with which result. */
const unreadable = (kind: RequestKind, error: unknown): RaftError =>
  new RaftError(
    "BadMessage",
    kind === RequestKind.command ? "unknown" : "refused",
    `The node answered in a way that this client cannot read (${String(error)}); use a client, and a codec, of the node's release.`,
  );
