import { PEER_ID_BYTES, swarmHash, writePeerId } from "./swarm-names.ts";

const UNRESERVED = /[A-Za-z0-9\-._~]/;
const PORT_DIGITS = 5;

export type HttpTarget = {
  readonly host: string;
  readonly port: number;
  /** With the slash it begins with, and without a query. */
  readonly path: string;
};

type Request = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly peerIdAt: number;
  readonly portAt: number;
};

/** The announces by HTTP (BEP 3) of every swarm, made beforehand and written anew in place. */
export class AnnounceRequests {
  readonly #requests: readonly Request[];

  constructor(
    target: HttpTarget,
    how: { readonly swarms: number; readonly keepAlive: boolean; readonly numWant: number },
  ) {
    this.#requests = Array.from({ length: how.swarms }, (_, swarm) =>
      requestOf(swarm, target, how),
    );
  }

  /** The whole request; it stays as it is until the swarm's next. */
  write(
    swarm: number,
    { source, port }: { readonly source: number; readonly port: number },
  ): Uint8Array<ArrayBuffer> {
    const request = this.#requests[swarm];
    if (request === undefined) throw new RangeError(`there is no swarm ${swarm}`);
    const { bytes, peerIdAt, portAt } = request;
    writePeerId(bytes, peerIdAt, { source, port });
    for (let digit = PORT_DIGITS - 1, rest = port; digit >= 0; digit -= 1) {
      bytes[portAt + digit] = 0x30 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    return bytes;
  }
}

function requestOf(
  swarm: number,
  { host, port, path }: HttpTarget,
  { keepAlive, numWant }: { readonly keepAlive: boolean; readonly numWant: number },
): Request {
  const hash = percentEncoded(swarmHash(swarm));
  const peerIdHead = `GET ${path}?info_hash=${hash}&peer_id=`;
  const portHead = `${peerIdHead}${"-".repeat(PEER_ID_BYTES)}&port=`;
  const text = `${portHead}${"0".repeat(PORT_DIGITS)}&uploaded=0&downloaded=0&left=1000000\
&compact=1&numwant=${numWant}&event=started HTTP/1.1\r
Host: ${host}:${port}\r
User-Agent: seedfleet-bench\r
Connection: ${keepAlive ? "keep-alive" : "close"}\r
\r
`;
  const bytes = new Uint8Array(Buffer.from(text, "latin1"));
  return { bytes, peerIdAt: peerIdHead.length, portAt: portHead.length };
}

/** As clients encode it: what may stand for itself in a URL does. */
function percentEncoded(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (UNRESERVED.test(character)) return character;
    return `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
}
