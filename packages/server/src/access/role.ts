/** What somebody may do; each includes those before it. */
export const ROLES = ["none", "read", "write", "admin"] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** Somebody at a door. */
export interface Identity {
  /** The user's name; empty while it has not been said. */
  readonly name: string;
  readonly role: Role;
}

/** Whether that role is enough. */
export const allows = ({ role }: Identity, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);
