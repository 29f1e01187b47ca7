import { RaftError } from "@hexraft/core/ports";

/** O05: the error for a wrong option: names field, value and rule. */
export function badOption(field: string, value: unknown, rule: string): RaftError {
  const shown = JSON.stringify(value) ?? String(value);
  return new RaftError("BadOption", "refused", `option ${field} of tcpTransport is ${shown}, but it ${rule}`, {
    field,
    value,
    rule,
  });
}
