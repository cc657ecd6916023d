import { FsContentSource } from "@seedfleet/content-fs";
import { type RunningGateway, reachabilityAdvice } from "@seedfleet/gateway/service";
import { collectGarbage, exitAfter, shutdownRequested, systemClock } from "@seedfleet/runtime";
import { openDataDirectory } from "./data-directory.ts";
import { publishPaths } from "./publish-paths.ts";
import { hostAddress, isLoopback, joinHostPort, outwardAddress } from "./reachable-host.ts";
import type { Reporter } from "./reporter.ts";
import { sayRunning } from "./running-file.ts";
import { seededTorrents } from "./seeded-torrents.ts";
import { loadUpConfig } from "./up-config.ts";
import { startMirrors } from "./up-mirrors.ts";
import type { UpOptions } from "./up-options.ts";
import { bindPorts, startServices } from "./up-services.ts";
import { wantedTorrents } from "./wanted-torrent.ts";

/** A timer that never ends keeps the process alive while its sockets are idle. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * `seedfleet up`: checks what it is given, takes its ports, starts the five services, publishes the
 * paths and seeds until a signal. Whatever is wrong with the input is known before anything is
 * written. Throws `SeedfleetError`s, each one line for a person.
 */
export async function up(options: UpOptions, reporter: Reporter): Promise<void> {
  const clock = systemClock;
  const host = await hostAddress(options.host);
  const config = loadUpConfig(process.env, options, { host, quiet: process.stderr.isTTY === true });
  const paths = await seedablePaths(options.paths);
  const wanted = await wantedTorrents(options.mirrors);

  const { promise: drained, resolve } = Promise.withResolvers<string>();
  const requestStop = (): void => resolve("drain");
  const requested = Promise.race([shutdownRequested(), drained]);
  await using running = new AsyncDisposableStack();
  const bound = await bindPorts(config, running);
  const dataDirectory = await openDataDirectory(options.dataDir);
  const embedded = options.natsUrl === null;
  const readable = allowed(paths, config.pieceStore);
  const place = { clock, bound, dataDirectory, embedded, requestStop, ...readable };
  const services = await startServices(config, place, running);
  const { adminUrl } = services;
  running.use(await sayRunning(options.dataDir, { pid: process.pid, adminUrl, embedded }));

  const ports = { bus: services.bus, clock, reporter, holder: dataDirectory.id };
  running.use(startMirrors({ ...ports, alone: embedded }, wanted, options));
  const publishing = publishPaths(ports, paths, options.torrent);
  const entries = await Promise.race([publishing, requested]);
  if (typeof entries !== "string") {
    const { bus, tracker, gateway, console } = services;
    collectGarbage();
    reporter.ready({
      pid: process.pid,
      torrents: await seededTorrents({ bus, dataDirectory, consoleUrl: console.url }, entries),
      trackerUrls: tracker.announceUrls,
      peerAddress: joinHostPort(gateway.peerAddress),
      consoleUrl: console.url,
      adminUrl: services.adminUrl,
      reachable: !isLoopback(gateway.peerAddress.host),
      suggestedHost: outwardAddress(),
    });
    if (!isLoopback(gateway.peerAddress.host)) void tellReachability(gateway, reporter);
  }
  const keepAlive = setInterval(() => {}, TIMER_MS_MAX);
  const signal = await requested;
  clearInterval(keepAlive);
  reporter.stopping(signal);
  exitAfter(config.process.shutdownDeadlineMs);
}

/** Said once to whoever started it; the gateway's log tells of later changes. */
async function tellReachability(gateway: RunningGateway, reporter: Reporter): Promise<void> {
  const outcome = await gateway.checkReachability();
  if (outcome === null) return;
  const peerAddress = joinHostPort(gateway.peerAddress);
  reporter.reachability({ peerAddress, outcome, advice: reachabilityAdvice(outcome) });
}

/** What is named may be read, and what the settings allow besides. */
function allowed(
  paths: readonly string[],
  { roots, origins }: { readonly roots: readonly string[]; readonly origins: readonly string[] },
): { roots: readonly string[]; origins: readonly string[] } {
  const isUrl = (path: string): boolean => path.includes("://");
  return {
    roots: [...paths.filter((path) => !isUrl(path)), ...roots],
    origins: [...paths.filter(isUrl), ...origins],
  };
}

/**
 * The paths with every link followed, each once; URLs are asked when they are listed. Throws on the
 * first that cannot be seeded.
 */
async function seedablePaths(paths: readonly string[]): Promise<string[]> {
  await using source = new FsContentSource({ clock: systemClock });
  const listed = new Set<string>();
  for (const path of paths) {
    listed.add(path.includes("://") ? path : (await source.list(path)).path);
  }
  return [...listed];
}
