import { SeedfleetError } from "@seedfleet/runtime";

export type AddressNotAdvertisable = {
  readonly code: "address-not-advertisable";
  readonly host: string;
};

/** Listening on every address is fine, but none of them is one to give to a client. */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);

export type AnnouncedAt = {
  readonly host: string;
  readonly port: number;
  /** Null where UDP is off. */
  readonly udpPort: number | null;
};

/**
 * The URLs a `.torrent` carries, HTTP first: it goes through every proxy, and tells more. Throws
 * `address-not-advertisable` if nobody could reach them.
 */
export function announceUrls({ host, port, udpPort }: AnnouncedAt): readonly string[] {
  if (EVERY_ADDRESS.has(host)) throw addressNotAdvertisable(host);
  const name = host.includes(":") ? `[${host}]` : host;
  const http = `http://${name}:${port}/announce`;
  return udpPort === null ? [http] : [http, `udp://${name}:${udpPort}/announce`];
}

/** The same URLs for whoever has a passkey. */
export function withPasskey(urls: readonly string[], passkey: string): readonly string[] {
  return urls.map((url) => url.replace(/\/announce$/, `/${passkey}/announce`));
}

function addressNotAdvertisable(host: string): SeedfleetError<AddressNotAdvertisable> {
  return new SeedfleetError(
    `Cannot advertise the tracker at ${host}: no client can connect to it; ` +
      "set the host that clients reach it by (SEEDFLEET_TRACKER_ADVERTISED_HOST)",
    { code: "address-not-advertisable", host },
  );
}
