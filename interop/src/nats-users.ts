import { join } from "node:path";
import { type NatsServer, startNatsServer } from "@seedfleet/testkit";

const USERS_CONF = join(import.meta.dirname, "../../deploy/nats/users.conf");

const USERS = ["gateway", "tracker", "choking-scheduler", "piece-store", "console", "cli"];

/** A nats-server that knows the users of `deploy/nats`, each with its name as password. */
export async function startNatsWithUsers(): Promise<NatsServer> {
  for (const user of USERS) {
    process.env[`NATS_PASSWORD_${user.toUpperCase().replaceAll("-", "_")}`] = user;
  }
  return await startNatsServer(["-c", USERS_CONF]);
}

/** What a process is told of its user. */
export function userEnv(user: string): Readonly<Record<string, string>> {
  return {
    SEEDFLEET_NATS_USER: user,
    SEEDFLEET_NATS_PASSWORD: user,
    SEEDFLEET_NATS_INBOX: `_INBOX_${user}`,
  };
}
