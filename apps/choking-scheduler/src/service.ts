export { type RunningScheduler, startChokingScheduler } from "./choking-scheduler.ts";
