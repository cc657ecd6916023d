import { BEP3_UNCHOKE_SLOTS } from "@seedfleet/choker";
import {
  bytes,
  type ConfigSchema,
  defineConfig,
  type Field,
  integer,
  port,
  text,
} from "@seedfleet/runtime";

export type GatewayConfig = {
  readonly host: string;
  readonly peerPort: number;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
  readonly cacheBytes: number;
  readonly peersMax: number;
  readonly peersPerAddressMax: number;
  readonly unchokeSlots: number | "auto";
};

/** Slots of one swarm: a number of at least 1, or `auto`. */
export const unchokeSlotsField: Field<number | "auto"> = {
  env: "SEEDFLEET_GATEWAY_UNCHOKE_SLOTS",
  doc: `Peers of one torrent that may download at once; auto starts at BEP 3's ${BEP3_UNCHOKE_SLOTS}
and adds slots while every one of them is used well.`,
  default: "auto",
  allowed: "auto or an integer from 1 to 100000",
  secret: false,
  parse(value) {
    if (value === "auto") return value;
    const slots = /^\d{1,6}$/.test(value) ? Number(value) : 0;
    return slots >= 1 && slots <= 100_000 ? slots : null;
  },
  format: String,
};

/** The gateway's own settings; those every service has come from `libs/service`. */
export const gatewayConfig: ConfigSchema<GatewayConfig> = defineConfig({
  host: text({
    env: "SEEDFLEET_GATEWAY_HOST",
    doc: "The address to listen on for peers.",
    default: "127.0.0.1",
  }),
  peerPort: port({
    env: "SEEDFLEET_GATEWAY_PEER_PORT",
    doc: "The port peers connect to; 0 takes a free one.",
    default: 6881,
  }),
  advertisedHost: text({
    env: "SEEDFLEET_GATEWAY_ADVERTISED_HOST",
    doc: "The IP address the tracker hands out, where it is not the one listened on.",
    default: null,
  }),
  advertisedPort: port({
    env: "SEEDFLEET_GATEWAY_ADVERTISED_PORT",
    doc: "The port the tracker hands out, where it is not the one listened on.",
    default: null,
  }),
  cacheBytes: bytes({
    env: "SEEDFLEET_GATEWAY_CACHE_BYTES",
    doc: "Memory for verified pieces.",
    default: 256 * 1024 * 1024,
    min: 1024 * 1024,
  }),
  peersMax: integer({
    env: "SEEDFLEET_GATEWAY_PEERS_MAX",
    doc: "Connections of peers at once; more are closed at once.",
    default: 4_096,
    min: 1,
  }),
  peersPerAddressMax: integer({
    env: "SEEDFLEET_GATEWAY_PEERS_PER_ADDRESS_MAX",
    doc: "Connections from one address at once; a home or a lab may share one.",
    default: 256,
    min: 1,
  }),
  unchokeSlots: unchokeSlotsField,
});
