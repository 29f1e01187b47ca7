import { scryptSync } from "node:crypto";
import type { NodeDescription } from "@hexraft/core";
import type { Logger } from "@hexraft/core/ports";
import { KvCodec } from "@hexraft/statemachine-kv";
import { Access, type User } from "../../src/access/access.js";
import type { Role } from "../../src/access/role.js";
import { ClientDoor } from "../../src/door/client-door.js";
import { DEFAULT_DOOR_LIMITS } from "../../src/door/door-limits.js";
import { Groups } from "../../src/groups/groups.js";
import { DEFAULT_HTTP_LIMITS, HttpFront } from "../../src/http/http-server.js";
import type { KvDoorService } from "../../src/kv/kv-door-service.js";
import { DEFAULT_RESP_SERVER_LIMITS, RespServer } from "../../src/resp/resp-server.js";
import type { DoorBounds } from "../../src/serve/door-bounds.js";
import type { DoorTls } from "../../src/serve/door-tls.js";
import type { Front } from "../../src/serve/front.js";
import { Administered, deskOf } from "./administered.js";
import { LocalKv } from "./local-kv.js";
import { madeUpBackup } from "./made-up-backup.js";

/** A user whose hash costs as little as may be: what it costs is no matter here. */
export function userOf(role: Role, secret: string): User {
  const salt = Buffer.alloc(16, 7);
  return { role, secret: { log2N: 10, r: 8, p: 1, salt, key: scryptSync(secret, salt, 32, { N: 1_024, r: 8, p: 1 }) } };
}

/** The three doors in front of a store in memory. */
export class Doors {
  readonly kv = new LocalKv();
  readonly administered = new Administered();
  private readonly fronts: Front[] = [];

  constructor(
    private readonly access: Access = Access.open,
    private readonly tls?: DoorTls,
    private readonly bounds: Partial<DoorBounds> = {},
  ) {}

  http(bounds = this.bounds, access = this.access): Promise<number> {
    const admin = deskOf(this.administered);
    const context = {
      kv: this.kv,
      admin,
      groups: new Groups([
        {
          id: "main",
          kv: this.kv,
          admin,
          describe: () => ({ leader: "n1", term: 3, halted: "", text: "" }) as unknown as NodeDescription,
          explain: () => ({ nodeId: "n1", findings: [], text: "" }),
          stateHash: () => Promise.resolve({ index: 1, term: 3, hash: "00" }),
          backup: async () => madeUpBackup(1_000),
        },
      ]),
      scrape: async () => ({ type: "text/plain", body: "hexraft_term 3\n" }),
    };
    return this.open(new HttpFront(context, { ...DEFAULT_HTTP_LIMITS, ...bounds }, access, this.tls));
  }

  resp(bounds = this.bounds, access = this.access): Promise<number> {
    const info = () => ({}) as never;
    const limits = { ...DEFAULT_RESP_SERVER_LIMITS, ...bounds };
    return this.open(new RespServer({ kv: this.kv, info }, limits, access, this.tls));
  }

  client(bounds = this.bounds, access = this.access): Promise<number> {
    const service: KvDoorService = {
      apply: (command, done) => {
        this.kv.asked.push(`command of ${"bytes" in command ? command.bytes.length : 0} bytes`);
        setImmediate(() => done(null, { type: "put", done: true }));
      },
      read: (query, consistency) => this.kv.read(query, consistency),
      admin: (fields, who, kind) => deskOf(this.administered).ask(fields, who, kind),
      readToken: () => "",
      welcome: () => ({ nodeId: "n1", leader: "n1", clusterId: "c".repeat(32) }),
    };
    return this.open(
      new ClientDoor(() => service, new KvCodec(), { ...DEFAULT_DOOR_LIMITS, ...bounds }, access, this.tls),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.fronts.splice(0).map((front) => front.stop()));
  }

  private async open(front: Front): Promise<number> {
    const { port } = await front.start({ host: "127.0.0.1", port: 0 });
    this.fronts.push(front);
    return port;
  }
}

/** A logger that keeps what it is told. */
export function keepingLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  const keep = (level: string) => (message: string, facts?: object) =>
    void lines.push(`${level}: ${message} ${JSON.stringify(facts ?? {})}`);
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}
