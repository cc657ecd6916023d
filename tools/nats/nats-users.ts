import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { busContracts, CONTRACTS_FOLDER } from "../bus-contracts.ts";
import { type Permissions, permissionsFor, USERS } from "./permissions.ts";

const ROOT = join(import.meta.dirname, "../..");

export const USERS_CONF = "deploy/nats/users.conf";
export const USERS_VALUES = "deploy/helm/seedfleet-with-nats/users.yaml";

const MADE = `Generated from ${CONTRACTS_FOLDER} by \`node tools/nats/nats-users.ts\`.`;

const CONF_HEAD = `# ${MADE}
# A user for each service, each with its password from the environment of nats-server.
`;

const VALUES_HEAD = `# ${MADE}
# The users of deploy/nats/users.conf for NATS's own chart; their passwords, and the services', are
# in one Secret.
`;

/** The variable of nats-server's environment that has a user's password. */
export function passwordVariable(user: string): string {
  return `NATS_PASSWORD_${user.toUpperCase().replaceAll("-", "_")}`;
}

/** A part of nats-server's configuration, to be included. */
export function usersConf(): string {
  const users = USERS.map((user) => {
    const { publish, subscribe } = permissionsOf(user);
    return `    {
      user: "${user}"
      password: $${passwordVariable(user)}
      permissions: {
        publish: { allow: [\n${listed(publish)}        ] }
        subscribe: { allow: [\n${listed(subscribe)}        ] }
      }
    }\n`;
  });
  return `${CONF_HEAD}authorization {\n  users: [\n${users.join("")}  ]\n}\n`;
}

/** The same as values of the chart that has NATS with it. */
export function usersValues(): string {
  const lines = USERS.flatMap((user) => {
    const { publish, subscribe } = permissionsOf(user);
    return [
      `          - user: ${user}`,
      // Unquoted in the configuration, as that chart has it, since the server reads it.
      `            password: << $${passwordVariable(user)} >>`,
      "            permissions:",
      "              publish:",
      "                allow:",
      ...publish.map((subject) => `                  - "${subject}"`),
      "              subscribe:",
      "                allow:",
      ...subscribe.map((subject) => `                  - "${subject}"`),
    ];
  });
  const env = USERS.flatMap((user) => [
    `      ${passwordVariable(user)}:`,
    `        valueFrom: { secretKeyRef: { name: seedfleet-nats, key: ${user} } }`,
  ]);
  const merged = ["nats:", "  config:", "    merge:", "      authorization:", "        users:"];
  const all = [...merged, ...lines, "  container:", "    env:", ...env];
  const fleet = ["seedfleet:", "  nats:", "    credentialsSecret: seedfleet-nats"];
  return `${VALUES_HEAD}${[...fleet, ...all].join("\n")}\n`;
}

function permissionsOf(user: string): Permissions {
  return permissionsFor(user, busContracts());
}

function listed(subjects: readonly string[]): string {
  return subjects.map((subject) => `          "${subject}"\n`).join("");
}

if (import.meta.main) {
  for (const [path, text] of [
    [USERS_CONF, usersConf()],
    [USERS_VALUES, usersValues()],
  ] as const) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
  }
}
