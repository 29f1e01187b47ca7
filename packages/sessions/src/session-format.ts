/** Formats of the wrapped state machine are counted from here: below it, a snapshot is of a time before sessions. */
export const SESSION_FORMAT = 65_536;

/** F05: the wrapped state machine's own format. */
export const formatInside = (formatVersion: number): number =>
  formatVersion >= SESSION_FORMAT ? formatVersion - SESSION_FORMAT : formatVersion;
