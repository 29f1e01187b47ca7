/** Formats of the wrapped state machine are counted from here: below it, a snapshot is of a time before sessions. */
export const SESSION_FORMAT = 65_536;

/** F05: from here with those of format 2 of the session layer, in which a session's number follows from its nonce, too (C03). */
export const NONCE_FORMAT = 2 * SESSION_FORMAT;

/** C03, F05: whether a state machine that says this format has sessions around it, of a layer that this release knows. */
export const isOfSessions = (formatVersion: number): boolean =>
  formatVersion >= SESSION_FORMAT && formatVersion < NONCE_FORMAT + SESSION_FORMAT;

/** F05: the wrapped state machine's own format. */
export const formatInside = (formatVersion: number): number =>
  isOfSessions(formatVersion) ? formatVersion % SESSION_FORMAT : formatVersion;
