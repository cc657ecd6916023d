export { TRACKER_MODES, type TrackerMode } from "./announces/gate.ts";
export { type TrackerConfig, trackerConfig, WORKERS_MAX } from "./config.ts";
export {
  type BoundTracker,
  bindTracker,
  type RunningTracker,
  startTracker,
  type TrackerPorts,
} from "./tracker.ts";
