/** The release of Seedfleet; every package of the workspace has the same. */
export const VERSION = "0.1.0";
