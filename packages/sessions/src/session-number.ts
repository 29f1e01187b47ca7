/** Numbers of sessions begin here: above every index, which is what sessions of format 1 were named by. */
const FIRST = 2 ** 52;

/**
 * C03: the number of the session that the entry at `index` registers under this nonce; whole, 2⁵² … 2⁵³ − 1.
 *
 * By its index alone a session could be taken for another one. After an unsafe recovery (M11), and in a cluster that was restored (F08), indices are
 * given once more; a client that outlived the loss would hear what another client's command resulted in. Nonces are drawn by chance, so
 * that does not happen to two of them: once in 2⁵² pairs. The index is in it because a session that expired and is registered again under its
 * nonce is another one: what was done in the first must not be done in the second.
 */
export function sessionNumber(nonce: Uint8Array, index: number): number {
  // FNV-1a, 64 bits: it only has to keep apart what was drawn by chance.
  let hash = 0xcbf29ce484222325n;
  const take = (byte: number): void => {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  };
  for (let at = 0, rest = index; at < 7; at++, rest = Math.floor(rest / 256)) take(rest % 256);
  for (const byte of nonce) take(byte);
  return FIRST + Number(BigInt.asUintN(52, hash));
}

/** The number after that one; the first one comes after the last. For a number that is taken. */
export const nextNumber = (session: number): number => (session === 2 * FIRST - 1 ? FIRST : session + 1);
