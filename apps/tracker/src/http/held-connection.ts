/** A connection of which Node.js knows nothing. */
export type HeldConnection = { destroy(): void };
