import { createHmac, randomBytes } from "node:crypto";
import { RaftError } from "@hexraft/core/ports";
import type { Identity, Role } from "./role.js";
import { decoyHash, fits, type SecretHash } from "./secret-hash.js";

/** Somebody who is known. */
export interface User {
  readonly role: Role;
  readonly secret: SecretHash;
}

interface Watched {
  readonly who: () => Identity | undefined;
  readonly end: () => void;
}

/** Logins that were right lately, and need not be hashed again: HTTP says its secret with every request. */
const REMEMBERED_MAX = 1_024;
/** Logins that wait while one is hashed; hashing shares its threads with the disk, so it is done one at a time. */
const WAITING_MAX = 256;
/** Longest secret, characters. */
const SECRET_CHARACTERS_MAX = 1_024;

/** Who may do what at the doors. Holds hashes, and never a secret. */
export class Access {
  /** Nobody is asked who he is, and everybody may do everything. */
  static readonly open = new Access(new Map(), "admin");

  private nobody: Identity;
  private readonly decoy = decoyHash();
  /** Kept for as long as this process: what is remembered of a secret is of use to nobody else. */
  private readonly key = randomBytes(32);
  private readonly remembered = new Map<string, Identity>();
  private readonly underWay = new Map<string, Promise<Identity | null>>();
  private last: Promise<unknown> = Promise.resolve();
  /** By whose word an identity was given. */
  private readonly grounds = new WeakMap<Identity, User>();
  private readonly watched = new Set<Watched>();

  constructor(
    private users: ReadonlyMap<string, User>,
    anonymous: Role,
  ) {
    this.nobody = { name: "", role: anonymous };
  }

  /** Whoever has not said who he is. */
  get anonymous(): Identity {
    return this.nobody;
  }

  /** How many there are. */
  get size(): number {
    return this.users.size;
  }

  /** Whether the same users have the same roles and secrets there. */
  equals({ users, nobody }: Access): boolean {
    const isKnown = ([name, user]: readonly [string, User]): boolean => {
      const known = this.users.get(name);
      return known !== undefined && isSame(known, user);
    };
    return nobody.role === this.nobody.role && users.size === this.users.size && [...users].every(isKnown);
  }

  /** Calls `end` once if whoever it is then has lost what he was let in by. @returns what ends the watch. */
  watch(who: () => Identity | undefined, end: () => void): () => void {
    const watched = { who, end };
    this.watched.add(watched);
    return () => void this.watched.delete(watched);
  }

  /**
   * From now on these are the users. Who is not among them any more, or has another role or secret, is shown out.
   *
   * @returns how many were.
   */
  replaceBy({ users, nobody }: Access): number {
    // Who is the same stays the same, and whoever is inside by his word with him.
    const kept = [...users].map(([name, user]) => {
      const before = this.users.get(name);
      return [name, before !== undefined && isSame(before, user) ? before : user] as const;
    });
    this.users = new Map(kept);
    if (nobody.role !== this.nobody.role) this.nobody = nobody;
    this.remembered.clear();
    const out = [...this.watched].filter(({ who }) => !this.stands(who()));
    for (const watched of out) {
      this.watched.delete(watched);
      watched.end();
    }
    return out.length;
  }

  private stands(identity: Identity | undefined): boolean {
    if (identity === undefined || identity === this.nobody) return true;
    return this.users.get(identity.name) === this.grounds.get(identity) && this.grounds.has(identity);
  }

  /** Whether there is anybody who could say who he is. */
  get hasUsers(): boolean {
    return this.users.size > 0;
  }

  /**
   * Who that is; null if there is no such user, or that is not his secret: nobody is told which.
   *
   * @throws RaftError `Overloaded` if too many ask at once.
   */
  async login(name: string, secret: string): Promise<Identity | null> {
    if (secret.length > SECRET_CHARACTERS_MAX) return null;
    // Neither name nor secret can be guessed byte by byte from the time of a look-up under a keyed hash.
    const digest = createHmac("sha256", this.key).update(`${name.length}:${name}${secret}`).digest("hex");
    const known = this.remembered.get(digest);
    if (known !== undefined) return known;
    const running = this.underWay.get(digest);
    if (running !== undefined) return running;
    if (this.underWay.size >= WAITING_MAX)
      throw new RaftError("Overloaded", "refused", `${WAITING_MAX} logins are being checked; try again shortly.`);
    const checked = this.last.then(() => this.check(name, secret));
    this.last = checked.catch(() => {});
    this.underWay.set(digest, checked);
    try {
      const identity = await checked;
      if (identity !== null) this.remember(digest, identity);
      return identity;
    } finally {
      this.underWay.delete(digest);
    }
  }

  private async check(name: string, secret: string): Promise<Identity | null> {
    const user = this.users.get(name);
    const isRight = await fits(secret, user?.secret ?? this.decoy);
    // While it was hashed the users may have been replaced.
    if (!isRight || user === undefined || this.users.get(name) !== user) return null;
    const identity = { name, role: user.role };
    this.grounds.set(identity, user);
    return identity;
  }

  private remember(digest: string, identity: Identity): void {
    if (this.remembered.size >= REMEMBERED_MAX) {
      const [oldest = ""] = this.remembered.keys();
      this.remembered.delete(oldest);
    }
    this.remembered.set(digest, identity);
  }
}

function isSame(one: User, other: User): boolean {
  const { salt, key } = one.secret;
  return one.role === other.role && salt.equals(other.secret.salt) && key.equals(other.secret.key);
}
