import { equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { DownloadRate } from "./download-rate.ts";

const BYTES_PER_SECOND = 100_000;

test("a DownloadRate comes near to a steady rate, and is known then", () => {
  const rate = new DownloadRate(0);
  equal(rate.isStarting, true);
  for (let second = 1; second <= 20; second += 1) {
    rate.received(BYTES_PER_SECOND);
    rate.tick(second * 1_000);
  }
  ok(Math.abs(rate.bytesPerSecond - BYTES_PER_SECOND) < BYTES_PER_SECOND / 100);
  equal(rate.isStarting, false);
  equal(rate.totalBytes, 20 * BYTES_PER_SECOND);
});

test("a DownloadRate is the same whatever its ticks", () => {
  const [often, seldom] = [new DownloadRate(0), new DownloadRate(0)];
  for (let tick = 1; tick <= 20; tick += 1) {
    often.received(BYTES_PER_SECOND / 2);
    often.tick(tick * 500);
  }
  for (let tick = 1; tick <= 10; tick += 1) {
    seldom.received(BYTES_PER_SECOND);
    seldom.tick(tick * 1_000);
  }
  ok(Math.abs(often.bytesPerSecond - seldom.bytesPerSecond) < 1);
});

test("a DownloadRate falls when nothing comes, and that says nothing of a start", () => {
  const rate = new DownloadRate(0);
  rate.tick(1_000);
  equal(rate.isStarting, true);
  rate.received(BYTES_PER_SECOND);
  rate.tick(2_000);
  const before = rate.bytesPerSecond;
  for (let second = 3; second < 13; second += 1) rate.tick(second * 1_000);
  ok(rate.bytesPerSecond < before / 100);
});

test("a DownloadRate takes no notice of a clock that stood still or went back", () => {
  const rate = new DownloadRate(1_000);
  rate.received(BYTES_PER_SECOND);
  rate.tick(1_000);
  rate.tick(0);
  equal(rate.bytesPerSecond, 0);
  rate.tick(2_000);
  ok(rate.bytesPerSecond > 0);
});
