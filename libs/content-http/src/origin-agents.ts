import { type AgentOptions, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { CONNECTION_IDLE_MS_MAX, CONNECTIONS_PER_ORIGIN_MAX } from "./http-limits.ts";

const OPTIONS: AgentOptions = {
  keepAlive: true,
  maxSockets: CONNECTIONS_PER_ORIGIN_MAX,
  maxFreeSockets: CONNECTIONS_PER_ORIGIN_MAX,
  timeout: CONNECTION_IDLE_MS_MAX,
};

/**
 * The connections to every origin, kept for the next request. A request beyond the limit waits in
 * the agent's queue; callers bound how many there are.
 */
export class OriginAgents implements Disposable {
  readonly #http = new HttpAgent(OPTIONS);
  readonly #https = new HttpsAgent(OPTIONS);

  agentFor({ protocol }: URL): HttpAgent {
    return protocol === "https:" ? this.#https : this.#http;
  }

  [Symbol.dispose](): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
