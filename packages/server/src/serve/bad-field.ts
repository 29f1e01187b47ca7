import { RaftError } from "@hexraft/core/ports";

/** O05: the error for a flag or a field of the config file: names field, value and rule. */
export function badField(field: string, value: unknown, rule: string): RaftError {
  const shown = JSON.stringify(value) ?? String(value);
  return new RaftError("BadOption", "refused", `${field} is ${shown}, but it ${rule}`, { field, value, rule });
}
