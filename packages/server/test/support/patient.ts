/** Options of a client to whom nobody is silent because the machine stands still, or hashes a password on a busy core. */
export const PATIENT = { deadlineMs: 20_000, connectTimeoutMs: 10_000 } as const;
