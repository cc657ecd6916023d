import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { errorCode } from "@seedfleet/runtime";
import type { Log } from "@seedfleet/telemetry";
import { utpReset } from "@seedfleet/wire";

/**
 * Tells peers that try uTP on the peer port (UDP) to come by TCP. Without the port, which another
 * program may have, they find out by their own timeouts; that is no reason not to start.
 */
export function refuseUtp(
  at: { readonly host: string; readonly port: number },
  log: Log,
): Disposable {
  const socket = createSocket(isIPv6(at.host) ? "udp6" : "udp4");
  socket.on("error", (error) => {
    log.warn("uTP not refused, peers are slow to connect", { ...at, reason: errorCode(error) });
    socket.close();
  });
  socket.on("message", (packet, from) => {
    const reset = utpReset(packet);
    if (reset !== null) socket.send(reset, from.port, from.address, () => {});
  });
  socket.bind(at.port, at.host);
  let open = true;
  socket.on("close", () => {
    open = false;
  });
  return {
    [Symbol.dispose]() {
      if (open) socket.close();
    },
  };
}
