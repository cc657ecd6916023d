export { type ConsoleConfig, consoleConfig } from "./config.ts";
export { type BoundConsole, bindConsole, type RunningConsole, startConsole } from "./console.ts";
export type { ListedTorrent } from "./routes.ts";
export { announceUrls, type TorrentFile, torrentFile } from "./torrent-file.ts";
