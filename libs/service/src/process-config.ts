import { hostname } from "node:os";
import {
  boolean,
  type ConfigSchema,
  defineConfig,
  durationMs,
  integer,
  list,
  oneOf,
  port,
  ratio,
  secret,
  text,
  url,
} from "@seedfleet/runtime";

/** JetStream keeps a stream on no more servers. */
export const NATS_REPLICAS_MAX = 5;

/** What every process of the fleet is told, whatever its service. */
export type ProcessConfig = TelemetryOptions & {
  readonly id: string | null;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly shutdownDeadlineMs: number;
  readonly nats: NatsOptions;
};

export type TelemetryOptions = {
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly otlpUrl: string | null;
  readonly traceRatio: number;
};

export type NatsOptions = {
  readonly servers: readonly string[];
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  /** Of what this process makes at NATS; 1 where absent. */
  readonly replicas?: number;
  readonly inbox?: string;
  /** Refuses a server that does not encrypt. */
  readonly tls?: boolean;
  /** Paths of PEM files. */
  readonly tlsCaFile?: string | null;
  readonly tlsCertFile?: string | null;
  readonly tlsKeyFile?: string | null;
};

const telemetryFields = {
  logLevel: oneOf(["debug", "info", "warn", "error", "silent"], {
    env: "SEEDFLEET_LOG_LEVEL",
    doc: "The least severe log lines that are written.",
    default: "info",
  }),
  otlpUrl: url({
    env: "SEEDFLEET_OTLP_URL",
    doc: "The base URL of an OpenTelemetry collector (OTLP over HTTP); none records no traces.",
    default: null,
  }),
  traceRatio: ratio({
    env: "SEEDFLEET_TRACE_RATIO",
    doc: "The share of downloads that are traced, the same ones in every process.",
    default: 0.01,
  }),
} as const;

/** Where logs and traces go. */
export const telemetryConfig: ConfigSchema<TelemetryOptions> = defineConfig(telemetryFields);

/** How to reach the bus. */
export const natsConfig: ConfigSchema<NatsOptions> = defineConfig({
  servers: list({
    env: "SEEDFLEET_NATS_URL",
    doc: "The NATS servers, separated by commas.",
    default: ["nats://127.0.0.1:4222"],
    separator: ",",
  }),
  user: text({ env: "SEEDFLEET_NATS_USER", doc: "User name at NATS.", default: null }),
  password: secret({ env: "SEEDFLEET_NATS_PASSWORD", doc: "Password at NATS." }),
  token: secret({
    env: "SEEDFLEET_NATS_TOKEN",
    doc: "Token at NATS, instead of user and password.",
  }),
  replicas: integer({
    env: "SEEDFLEET_NATS_REPLICAS",
    doc: `On how many servers of a NATS cluster the catalog and the queues are kept: 3 outlive
the loss of one. Said to whoever makes them, so all processes should have the same; what is there
already is changed by \`nats stream edit\`.`,
    default: 1,
    min: 1,
    max: NATS_REPLICAS_MAX,
  }),
  inbox: text({
    env: "SEEDFLEET_NATS_INBOX",
    doc: `What the subjects begin with that answers come to. A user of NATS that may hear only what
is its own needs one of its own: deploy/nats has users with _INBOX_gateway and so on.`,
    default: "_INBOX",
  }),
  tls: boolean({
    env: "SEEDFLEET_NATS_TLS",
    doc: `Refuses a NATS that does not encrypt. One that does is checked in any case, against the
public authorities or the file below, by the name that the URL has.`,
    default: false,
  }),
  tlsCaFile: text({
    env: "SEEDFLEET_NATS_TLS_CA_FILE",
    doc: "The authority that signed NATS's certificate (PEM), where it is no public one.",
    default: null,
  }),
  tlsCertFile: text({
    env: "SEEDFLEET_NATS_TLS_CERT_FILE",
    doc: "This process's certificate for NATS (PEM), where NATS asks for one.",
    default: null,
  }),
  tlsKeyFile: text({
    env: "SEEDFLEET_NATS_TLS_KEY_FILE",
    doc: "The key of that certificate (PEM).",
    default: null,
  }),
});

/** The settings all services share. */
export const processConfig: ConfigSchema<ProcessConfig> = defineConfig({
  id: text({
    env: "SEEDFLEET_ID",
    doc: `The name of this process in the fleet, of letters, digits, - and _; the host's name where
absent. Two processes of one role must not share it.`,
    default: null,
  }),
  ...telemetryFields,
  adminHost: text({
    env: "SEEDFLEET_ADMIN_HOST",
    doc: "The address of the admin port (/healthz, /readyz, /metrics).",
    default: "127.0.0.1",
  }),
  adminPort: port({
    env: "SEEDFLEET_ADMIN_PORT",
    doc: "The admin port; 0 takes a free one and logs it.",
    default: 0,
  }),
  shutdownDeadlineMs: durationMs({
    env: "SEEDFLEET_SHUTDOWN_DEADLINE",
    doc: "How long a process may take to stop before it is ended.",
    default: 15_000,
    min: 1_000,
  }),
  nats: natsConfig,
});

/** One token of a subject, made of whatever an operator or a host is called. */
export function processName(name: string | null): string {
  const token = (name ?? hostname()).replaceAll(/[^-_a-zA-Z0-9]/g, "-").slice(0, 64);
  return token === "" ? "unnamed" : token;
}
