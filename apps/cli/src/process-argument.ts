import { usageError } from "./usage-error.ts";

/** As the contract has it: anything else can be the id of no process. */
const PROCESS_ID = /^[-_a-zA-Z0-9]{1,64}$/;

/** The id of a gateway that somebody named. */
export function gatewayArgument(named: string): string {
  if (PROCESS_ID.test(named)) return named;
  throw usageError(`"${named}" is the id of no gateway; see seedfleet gateways`);
}
