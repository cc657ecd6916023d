import { GenericContainer } from "testcontainers";

/**
 * A container of one network alone, in which others find it by a name. testcontainers itself leaves
 * one that has an alias in the engine's own network as well: to cut it off would not cut it off.
 */
export class NetworkedContainer extends GenericContainer {
  inNetwork(network: string, name: string): this {
    this.createOpts.NetworkingConfig = { EndpointsConfig: { [network]: { Aliases: [name] } } };
    return this.withNetworkMode(network);
  }
}
