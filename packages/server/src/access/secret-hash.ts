import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/*
 * What is kept of a secret: `scrypt$<log2 N>$<r>$<p>$<salt>$<key>`, the last two in base64url. The costs stand in it, so that
 * they can be raised for new secrets without those that are there.
 */

/** 2^15 rounds over 32 MiB: some 0.1 s for whoever guesses, once per connection for whoever knows. */
const COST = { log2N: 15, r: 8, p: 1 } as const;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Costs that somebody may have chosen; beyond them a mere login would take the machine down. */
const LOG2_N = { low: 10, high: 17 } as const;
const R_MAX = 16;
const P_MAX = 4;
const FORM = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d)\$([\w-]{22,86})\$([\w-]{43})$/;

/** A hash, taken apart. */
export interface SecretHash {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Reads a hash; undefined if it is none, or costs more than it may. */
export function parseSecretHash(text: string): SecretHash | undefined {
  const [, log2N, r, p, salt = "", key = ""] = FORM.exec(text) ?? [];
  const hash: SecretHash = {
    log2N: Number(log2N),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, "base64url"),
    key: Buffer.from(key, "base64url"),
  };
  const isBounded =
    hash.log2N >= LOG2_N.low &&
    hash.log2N <= LOG2_N.high &&
    hash.r >= 1 &&
    hash.r <= R_MAX &&
    hash.p >= 1 &&
    hash.p <= P_MAX;
  return isBounded && hash.key.length === KEY_BYTES ? hash : undefined;
}

/** Hashes a secret, under a salt of its own. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(secret, { ...COST, salt, key: Buffer.alloc(KEY_BYTES) });
  return ["scrypt", COST.log2N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** A hash that no secret fits: who names nobody known is kept waiting as long as anybody else. */
export function decoyHash(): SecretHash {
  return { ...COST, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) };
}

/** Whether this is the secret; takes as long whether it is or not. */
export async function fits(secret: string, hash: SecretHash): Promise<boolean> {
  return timingSafeEqual(await derive(secret, hash), hash.key);
}

function derive(secret: string, { log2N, r, p, salt }: SecretHash): Promise<Buffer> {
  const N = 2 ** log2N;
  const options: ScryptOptions = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(secret.normalize("NFC"), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
