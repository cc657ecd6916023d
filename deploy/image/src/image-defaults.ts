/** What an image can be started as, its first argument: the folders in `apps/`. */
export const IMAGE_COMMANDS = [
  "tracker",
  "gateway",
  "piece-store",
  "choking-scheduler",
  "console",
  "cli",
] as const;

export type ImageCommand = (typeof IMAGE_COMMANDS)[number];

/** The port at which a container answers `/healthz`, `/readyz` and `/metrics`. */
export const ADMIN_PORT = "9464";

/** A container's loopback is nobody else's: its services listen on every address it has. */
const EVERY_ADDRESS = "0.0.0.0";

const ADMIN = { SEEDFLEET_ADMIN_HOST: EVERY_ADDRESS, SEEDFLEET_ADMIN_PORT: ADMIN_PORT };

/**
 * Settings that differ in a container. They cannot be the image's `ENV`, since each service refuses
 * the settings of the others.
 */
const DEFAULTS: Readonly<Record<ImageCommand, Readonly<Record<string, string>>>> = {
  tracker: { ...ADMIN, SEEDFLEET_TRACKER_HOST: EVERY_ADDRESS },
  gateway: { ...ADMIN, SEEDFLEET_GATEWAY_HOST: EVERY_ADDRESS },
  "piece-store": ADMIN,
  "choking-scheduler": ADMIN,
  console: { ...ADMIN, SEEDFLEET_CONSOLE_HOST: EVERY_ADDRESS },
  cli: {},
};

export function isImageCommand(name: string): name is ImageCommand {
  return Object.hasOwn(DEFAULTS, name);
}

/** The settings that the image adds to those that are there. */
export function imageDefaults(
  command: ImageCommand,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const absent = Object.entries(DEFAULTS[command]).filter(([name]) => env[name] === undefined);
  return Object.fromEntries(absent);
}
