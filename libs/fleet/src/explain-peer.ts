import type { Bus } from "@seedfleet/bus";
import {
  type ExplainedConnection,
  type ExplainReply,
  type ExplainRequest,
  explainCall,
} from "@seedfleet/contracts";
import { errorCode } from "@seedfleet/runtime";

/** What a fleet's gateways know of one peer. */
export type ExplainedPeer = {
  readonly connections: readonly (ExplainedConnection & {
    readonly gateway: string;
    /** The gateway's clock when it answered, by which the connection's times are. */
    readonly nowMs: number;
  })[];
  /** Connections beyond what gateways tell at once. */
  readonly leftOut: number;
  /** Gateways that did not answer, and under which code. */
  readonly silent: readonly { readonly gateway: string; readonly code: string }[];
};

/** Asks these gateways at once why a peer is or is not unchoked. One that fails is named. */
export async function explainPeer(
  bus: Bus,
  gateways: readonly string[],
  request: ExplainRequest,
): Promise<ExplainedPeer> {
  const answers = await Promise.all(
    gateways.map(async (gateway) => ({ gateway, answer: await ask(bus, gateway, request) })),
  );
  const replies = answers.flatMap(({ gateway, answer }) =>
    typeof answer === "string" ? [] : [{ gateway, ...answer }],
  );
  return {
    connections: replies.flatMap(({ gateway, nowMs, connections }) =>
      connections.map((connection) => ({ gateway, nowMs, ...connection })),
    ),
    leftOut: replies.reduce((sum, { leftOut }) => sum + leftOut, 0),
    silent: answers.flatMap(({ gateway, answer }) =>
      typeof answer === "string" ? [{ gateway, code: answer }] : [],
    ),
  };
}

/** The reply, or the code of why there is none. */
async function ask(
  bus: Bus,
  gateway: string,
  request: ExplainRequest,
): Promise<ExplainReply | string> {
  try {
    return await bus.call(explainCall, { gateway }, request);
  } catch (error) {
    const code = errorCode(error);
    if (code === null) throw error;
    return code;
  }
}
