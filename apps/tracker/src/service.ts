export { type TrackerConfig, trackerConfig } from "./config.ts";
export {
  bindTracker,
  type RunningTracker,
  startTracker,
  type TrackerListener,
  type TrackerPorts,
} from "./tracker.ts";
