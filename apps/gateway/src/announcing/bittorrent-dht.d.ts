/** What we use of it; the package has no types of its own. */
declare module "bittorrent-dht" {
  import type { EventEmitter } from "node:events";

  export type DhtNode = { readonly host: string; readonly port: number };

  /** Of `dgram.Socket`, what it calls. */
  export interface DhtSocket extends EventEmitter {
    bind(port: number, host: string, listening?: () => void): void;
    /** Always with the offset 0. */
    send(...packet: [Buffer, number, number, number, string, (error?: Error | null) => void]): void;
    address(): { readonly port: number };
    close(): void;
  }

  export class Client extends EventEmitter<{
    listening: [];
    ready: [];
    peer: [peer: DhtNode, infoHash: Buffer];
    warning: [error: Error];
    error: [error: Error];
  }> {
    constructor(options: {
      readonly bootstrap: readonly string[] | false;
      readonly socket?: DhtSocket;
      readonly maxTables?: number;
      readonly maxValues?: number;
      readonly maxPeers?: number;
      readonly maxAge?: number;
    });
    readonly nodes: { count(): number };
    listen(port: number, host: string, listening?: () => void): void;
    address(): { readonly port: number };
    lookup(infoHash: Buffer, done: (error: Error | null, nodes?: number) => void): () => void;
    announce(infoHash: Buffer, port: number, done: (error: Error | null) => void): void;
    destroy(done: () => void): void;
  }
}
