const CLOSED = /^seedfleet_gateway_closed_connections_total\{([^}]*)\} (\S+)/gm;
const REASON = /(?:^|,)reason="([^"]*)"/;

/** How many connections ended under which reason. */
export type ClosedByReason = Readonly<Record<string, number>>;

/** Read from a gateway's metrics page. */
export async function closedConnections(adminUrl: string): Promise<ClosedByReason> {
  const response = await fetch(`${adminUrl}/metrics`);
  return parseClosedConnections(await response.text());
}

export function parseClosedConnections(text: string): ClosedByReason {
  const closed: Record<string, number> = {};
  for (const [, labels = "", value] of text.matchAll(CLOSED)) {
    const reason = REASON.exec(labels)?.[1];
    if (reason !== undefined) closed[reason] = (closed[reason] ?? 0) + Number(value);
  }
  return closed;
}

/** What was added since, without what was not. */
export function closedSince(before: ClosedByReason, after: ClosedByReason): ClosedByReason {
  return Object.fromEntries(
    Object.entries(after)
      .map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
