import type { FleetGateway } from "./container-fleet.ts";

/** Bytes of blocks that these gateways have sent since they started. */
export async function sentBytes(gateways: readonly FleetGateway[]): Promise<number> {
  const each = await Promise.all(
    gateways.map(({ container }) => container.metric("seedfleet_gateway_sent_bytes_total")),
  );
  return each.reduce((sum, bytes) => sum + bytes, 0);
}
