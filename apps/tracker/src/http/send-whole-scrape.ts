import type { Socket } from "node:net";
import { ReplyBytes } from "./reply-bytes.ts";
import { WHOLE_SCRAPE_SLICE_BYTES, type WholeScrape } from "./whole-scrape.ts";

export type WholeScrapeTo = {
  readonly socket: Socket;
  /** It is chunked then, and ends with the connection otherwise. */
  readonly isHttp11: boolean;
  /** Before each slice. */
  readonly onSlice: () => void;
  readonly onSent: () => void;
};

/** Sends a reply of any length as the client takes it. */
export function sendWholeScrape(
  scrape: WholeScrape,
  { socket, isHttp11, onSlice, onSent }: WholeScrapeTo,
): void {
  const transfer = isHttp11 ? "Transfer-Encoding: chunked\r\n" : "";
  const head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
  socket.write(`${head}${transfer}\r\n`);
  const output = new ReplyBytes(2 * WHOLE_SCRAPE_SLICE_BYTES);
  const more = async (): Promise<void> => {
    if (socket.destroyed) return;
    onSlice();
    output.length = 0;
    const isLast = !(await scrape.slice(output));
    const slice = output.bytes.toString("latin1", 0, output.length);
    const size = `${output.length.toString(16)}\r\n`;
    const text = isHttp11 ? `${size}${slice}\r\n${isLast ? "0\r\n\r\n" : ""}` : slice;
    socket.write(text, "latin1", () => {
      if (isLast) onSent();
      else setImmediate(() => void more());
    });
  };
  setImmediate(() => void more());
}
