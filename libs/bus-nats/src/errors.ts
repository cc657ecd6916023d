import { SeedfleetError } from "@seedfleet/runtime";

export type NatsErrorDetail =
  /** No server answered when the process started; later failures reconnect instead. */
  | { readonly code: "bus-unreachable"; readonly servers: readonly string[] }
  | { readonly code: "bus-unauthorized"; readonly servers: readonly string[] }
  /** The server refused a subject to this user; everything else goes on. */
  | {
      readonly code: "bus-permission-denied";
      readonly subject: string;
      readonly operation: "publish" | "subscription";
    };

export type NatsError = SeedfleetError<NatsErrorDetail>;

export function unreachable(servers: readonly string[], cause: unknown): NatsError {
  return new SeedfleetError(
    `Cannot reach NATS at ${servers.join(", ")}: start nats-server -js there, or set the address`,
    { code: "bus-unreachable", servers },
    cause,
  );
}

export function unauthorized(servers: readonly string[], cause: unknown): NatsError {
  return new SeedfleetError(
    `Cannot use NATS at ${servers.join(", ")}: it refuses the credentials; set those it knows`,
    { code: "bus-unauthorized", servers },
    cause,
  );
}

export function permissionDenied(
  subject: string,
  operation: "publish" | "subscription",
  cause: unknown,
): NatsError {
  return new SeedfleetError(
    `Cannot use the subject "${subject}": this NATS user has no permission (${operation})`,
    { code: "bus-permission-denied", subject, operation },
    cause,
  );
}
