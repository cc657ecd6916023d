import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";

/** What a tracker says of one swarm: complete and incomplete peers, and downloads so far. */
export type Scrape = {
  readonly seeders: number;
  readonly leechers: number;
  readonly downloaded: number;
};

const SCRAPED = /8:completei(\d+)e10:downloadedi(\d+)e(?:11:downloadersi\d+e)?10:incompletei(\d+)e/;

/** Begins a conversation over UDP (BEP 15). */
const PROTOCOL_ID = 0x41727101980n;
const CONNECT = 0;
const SCRAPE = 2;

/** Asks the tracker of this announce URL, `http:` or `udp:`. Throws if it does not say. */
export function scrape(announceUrl: string, infoHash: string): Promise<Scrape> {
  const url = new URL(announceUrl);
  return url.protocol === "udp:" ? scrapeUdp(url, infoHash) : scrapeHttp(announceUrl, infoHash);
}

async function scrapeHttp(announceUrl: string, infoHash: string): Promise<Scrape> {
  const url = announceUrl.replace(/announce$/, "scrape");
  const escaped = infoHash.replaceAll(/../g, (byte) => `%${byte}`);
  const text = await (await fetch(`${url}?info_hash=${escaped}`)).text();
  const [found, seeders, downloaded, leechers] = SCRAPED.exec(text) ?? [];
  if (found === undefined) throw new Error(`${url} said ${text}`);
  return counts([seeders, downloaded, leechers].map(Number));
}

async function scrapeUdp({ hostname, port }: URL, infoHash: string): Promise<Scrape> {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  try {
    socket.connect(Number(port), host);
    await once(socket, "connect");
    const ask = async (head: Buffer, action: number, rest: Uint8Array): Promise<Buffer> => {
      const packet = Buffer.alloc(16);
      packet.set(head);
      packet.writeUInt32BE(action, 8);
      packet.writeUInt32BE(randomInt(2 ** 32), 12);
      const answered = once(socket, "message");
      socket.send(Buffer.concat([packet, rest]));
      const [answer] = await answered;
      const same = answer.readUInt32BE(0) === action && answer.subarray(4, 8);
      if (same && packet.subarray(12).equals(same)) return answer.subarray(8);
      throw new Error(`${host} said ${answer.toString("latin1")}`);
    };
    const begin = Buffer.alloc(8);
    begin.writeBigUInt64BE(PROTOCOL_ID);
    const connection = await ask(begin, CONNECT, new Uint8Array());
    const answer = await ask(connection.subarray(0, 8), SCRAPE, Buffer.from(infoHash, "hex"));
    return counts([0, 4, 8].map((at) => answer.readUInt32BE(at)));
  } finally {
    socket.close();
  }
}

/** Both protocols tell them in this order. */
function counts([seeders = 0, downloaded = 0, leechers = 0]: readonly number[]): Scrape {
  return { seeders, leechers, downloaded };
}
