import { SeedfleetError } from "@seedfleet/runtime";

export type AddressNotAdvertisable = {
  readonly code: "address-not-advertisable";
  readonly host: string;
};

/** Listening on every address is fine, but none of them is one to give to a client. */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);

/** The URL a `.torrent` carries. Throws `address-not-advertisable` if nobody could reach it. */
export function announceUrl({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): string {
  if (EVERY_ADDRESS.has(host)) throw addressNotAdvertisable(host);
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/announce`;
}

function addressNotAdvertisable(host: string): SeedfleetError<AddressNotAdvertisable> {
  return new SeedfleetError(
    `Cannot advertise the tracker at ${host}: no client can connect to it; ` +
      "set the host that clients reach it by (SEEDFLEET_TRACKER_ADVERTISED_HOST)",
    { code: "address-not-advertisable", host },
  );
}
