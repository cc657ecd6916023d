import { readFile, stat } from "node:fs/promises";
import { errorMessage, SeedfleetError } from "@seedfleet/runtime";

/** Some ten thousand gateways: a wrong file is not read whole. */
export const ADVERTISED_FILE_BYTES_MAX: number = 1024 * 1024;

/** The line of whoever has none of its own. */
const EVERYBODY_ELSE = "*";

/** In the place of a host or port: the gateway's settings say it. */
const AS_SET = "-";

/** Where peers are told to connect; null is as the settings say. */
export type Advertised = { readonly host: string | null; readonly port: number | null };

type AdvertisedSettings = {
  readonly id: string;
  readonly advertisedFile: string | null;
  readonly advertisedHost: string | null;
  readonly advertisedPort: number | null;
};

export type AdvertisedTableDetail =
  | { readonly code: "advertised-file-unreadable"; readonly file: string }
  | { readonly code: "advertised-line-invalid"; readonly line: number }
  | { readonly code: "advertised-gateway-missing"; readonly gateway: string };

type AdvertisedTableError = SeedfleetError<AdvertisedTableDetail>;

/**
 * What a table of all gateways says of one: a line for each, as `gateway-0 192.0.2.1 30681`, where
 * `-` leaves host or port to the settings, and the line of `*` is for all that have none. Throws
 * `advertised-line-invalid` on the first that is wrong, and `advertised-gateway-missing`.
 */
export function advertisedIn(table: string, gateway: string): Advertised {
  let found: Advertised | null = null;
  let otherwise: Advertised | null = null;
  for (const [index, text] of table.split("\n").entries()) {
    const line = text.replace(/#.*/, "").trim();
    if (line === "") continue;
    const [name = "", host = "", port = "", ...more] = line.split(/\s+/);
    const portNumber = port === AS_SET ? null : portOf(port);
    if (portNumber === undefined || more.length > 0) throw invalidLine(index + 1);
    const advertised = { host: host === AS_SET ? null : host, port: portNumber };
    if (name === gateway) found ??= advertised;
    if (name === EVERYBODY_ELSE) otherwise ??= advertised;
  }
  const one = found ?? otherwise;
  if (one === null) throw missing(gateway);
  return one;
}

/**
 * The settings of where peers are told to connect, with the table before them where one is named.
 * Throws `advertised-file-unreadable`, and what `advertisedIn` throws.
 */
export async function advertisedOf<Config extends AdvertisedSettings>(
  config: Config,
): Promise<Config> {
  const { advertisedFile, advertisedHost, advertisedPort, id } = config;
  if (advertisedFile === null) return config;
  const { host, port } = advertisedIn(await textOf(advertisedFile), id);
  return {
    ...config,
    advertisedHost: host ?? advertisedHost,
    advertisedPort: port ?? advertisedPort,
  };
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= ADVERTISED_FILE_BYTES_MAX) return await readFile(file, "utf8");
  } catch (cause) {
    throw unreadable(file, errorMessage(cause), cause);
  }
  throw unreadable(file, `it is longer than ${ADVERTISED_FILE_BYTES_MAX} bytes`);
}

/** Undefined for what is no port. */
function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function unreadable(file: string, why: string, cause?: unknown): AdvertisedTableError {
  return new SeedfleetError(
    `Cannot read what gateways advertise in ${file} (SEEDFLEET_GATEWAY_ADVERTISED_FILE): ${why}`,
    { code: "advertised-file-unreadable", file },
    cause,
  );
}

function invalidLine(line: number): AdvertisedTableError {
  return new SeedfleetError(
    `Cannot use line ${line} of what gateways advertise: write GATEWAY HOST PORT, ` +
      `as gateway-0 192.0.2.1 30681, or - for a host or port of the settings`,
    { code: "advertised-line-invalid", line },
  );
}

function missing(gateway: string): AdvertisedTableError {
  return new SeedfleetError(
    `Cannot tell peers where ${gateway} is: the table of what gateways advertise has no line ` +
      `for it; add "${gateway} HOST PORT"`,
    { code: "advertised-gateway-missing", gateway },
  );
}
