import { equal, match, ok } from "node:assert/strict";
import { hash } from "node:crypto";
import { connect } from "node:net";
import { type Bus, createBus } from "@seedfleet/bus";
import { openEmbeddedBus } from "@seedfleet/bus-embedded";
import { type CatalogEntry, type Presence, presenceEvent } from "@seedfleet/contracts";
import { type Catalog, openCatalog } from "@seedfleet/fleet";
import { type Metainfo, makeMetainfo, parseMetainfo } from "@seedfleet/metainfo";
import { loadConfig } from "@seedfleet/runtime";
import { type RecordingTelemetry, recordingTelemetry } from "@seedfleet/telemetry";
import { VirtualClock } from "@seedfleet/testkit";
import { type ConsoleConfig, consoleConfig } from "./config.ts";
import { bindConsole, type RunningConsole, startConsole } from "./console.ts";

export const CONFIG: ConsoleConfig & { readonly id: string } = {
  ...loadConfig(consoleConfig, {}),
  port: 0,
  id: "console-1",
};

/** Where content lies, which nobody may read from the console. */
const SECRET_PATH = "/srv/secret/place";

type Answer = { readonly status: number; readonly head: string; readonly body: string };

/** A console on an embedded bus, with a catalog and trackers as a test gives them. */
export class GivenConsole implements AsyncDisposable {
  readonly clock: VirtualClock = new VirtualClock();
  readonly telemetry: RecordingTelemetry = recordingTelemetry();
  readonly bus: Bus;
  readonly #started: { console: RunningConsole; catalog: Catalog; address: string }[] = [];

  private constructor() {
    this.bus = createBus(openEmbeddedBus({ file: null }), this);
  }

  static async start(config: Partial<typeof CONFIG> = {}): Promise<GivenConsole> {
    const given = new GivenConsole();
    const catalog = await openCatalog(given.bus, given.telemetry.log);
    const bound = await bindConsole(CONFIG);
    const settings = { ...CONFIG, ...config };
    const shown = { ...bound, url: config.advertisedUrl ?? bound.url };
    const running = await startConsole(given, settings, shown);
    given.#started.push({ console: running, catalog, address: bound.url });
    return given;
  }

  get console(): RunningConsole {
    return this.#parts.console;
  }

  async publish(name: string): Promise<CatalogEntry> {
    const metainfo = makeMetainfo({
      ...{ name, single: true, files: [{ path: [name], lengthBytes: 20_000 }] },
      ...{ pieceLengthBytes: 16_384, pieceHashes: hash("sha512", name, "buffer").subarray(0, 40) },
    });
    const parsed = parseMetainfo(metainfo);
    ok(parsed.kind === "metainfo");
    const entry: CatalogEntry = {
      ...{ infoHash: parsed.infoHash, name, sizeBytes: 20_000, contentBytes: 20_000 },
      pieceLengthBytes: 16_384,
      ...{
        pieceCount: 2,
        fileCount: 1,
        private: false,
        infoHashV2: null,
        version: "v1",
        aliases: [],
      },
      sources: [
        {
          ...{ holder: "store-1", shared: false, location: SECRET_PATH },
          fingerprint: "0".repeat(64),
        },
      ],
      addedAtMs: 1_000,
    };
    await this.#parts.catalog.publish(entry, metainfo);
    return entry;
  }

  async tracker(id: string, urls: string[], differing: Partial<Presence> = {}): Promise<void> {
    const presence: Presence = {
      ...{ role: "tracker", id, version: "0.1.0", startedAtMs: 0, draining: false },
      ...{ load: 0, peerAddress: null, urls, gateway: null, ...differing },
    };
    this.bus.publish(presenceEvent, { role: "tracker", id }, presence);
    await this.bus.flush();
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`${this.#parts.address}${path}`);
    equal(response.headers.get("x-content-type-options"), "nosniff");
    return { status: response.status, body: await response.text() };
  }

  async torrent(path: string): Promise<Metainfo> {
    const response = await fetch(`${this.#parts.address}${path}`);
    equal(response.headers.get("content-type"), "application/x-bittorrent");
    match(response.headers.get("content-disposition") ?? "", /^attachment; .*\.torrent"$/);
    const parsed = parseMetainfo(await response.bytes());
    ok(parsed.kind === "metainfo");
    return parsed;
  }

  /** Bytes as they are, which `fetch` would put right. */
  async raw(request: string): Promise<Answer> {
    const { hostname, port } = new URL(this.#parts.address);
    const socket = connect(Number(port), hostname).setEncoding("utf8");
    const [line, rest = "\r\n\r\n"] = request.split(/(?<=HTTP\/1\.1)/);
    socket.write(`${line}\r\nhost: ${hostname}\r\nconnection: close${rest}`);
    const [head = "", body = ""] = (await Array.fromAsync(socket)).join("").split("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), head, body };
  }

  errors(): readonly unknown[] {
    return this.telemetry.recorded.logs.filter(({ level }) => level === "error");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.console[Symbol.asyncDispose]();
    await this.bus.close();
  }

  get #parts() {
    const [parts] = this.#started;
    ok(parts !== undefined);
    return parts;
  }
}
