/**
 * Clock times in local time or UTC, and round marks of a time axis.
 *
 * @module
 */

/** Which clock. */
export type Zone = "local" | "UTC";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** A day, in seconds. */
export const DAY: number = 24 * HOUR;

/** Steps of a time axis in seconds, all round on a clock. */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

/** How far local time is ahead of UTC then, in seconds. */
function offsetOf(zone: Zone, time: number): number {
  return zone === "UTC"
    ? 0
    : -MINUTE * new Date(1e3 * time).getTimezoneOffset();
}

/** The date and time that a clock shows, as RFC 3339 has it, without a zone. */
function shown(zone: Zone, time: number): string {
  return new Date(1e3 * (time + offsetOf(zone, time))).toISOString()
    .slice(0, -1);
}

/** `2026-11-24 22:28:35.2`; times are seconds since 1970. */
export function formatMoment(zone: Zone, time: number): string {
  return shown(zone, time).slice(0, 21).replace("T", " ");
}

/** `22:28:35` below a minute from mark to mark, else `22:28`. */
export function formatClock(zone: Zone, time: number, step: number): string {
  return shown(zone, time).slice(11, step < MINUTE ? 19 : 16);
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `24 Nov`. */
export function formatDay(zone: Zone, time: number): string {
  const [, month, day] = shown(zone, time).slice(0, 10).split("-").map(Number);
  return `${day} ${MONTHS[month - 1]}`;
}

/** `UTC`, or `Europe/Berlin, UTC+01:00` with the difference at that time. */
export function zoneName(zone: Zone, time: number): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return zone === "UTC" || timeZone === "UTC"
    ? "UTC"
    : `${timeZone}, ${differenceOf(zone, time)}`;
}

/** `2026-11-24 23:28:35 UTC+01:00`: a moment that needs no explanation. */
export function formatZoned(zone: Zone, time: number): string {
  return `${formatMoment(zone, time).slice(0, 19)} ${differenceOf(zone, time)}`;
}

/** `UTC`, `UTC+01:00`. */
function differenceOf(zone: Zone, time: number): string {
  const minutes = Math.round(offsetOf(zone, time) / MINUTE);
  const two = (number: number) => String(number).padStart(2, "0");
  const size = Math.abs(minutes);
  const difference = `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${
    two(size % 60)
  }`;
  return minutes === 0 ? "UTC" : `UTC${difference}`;
}

/** The step from one mark to the next of an axis with room for so many. */
export function timeStep(min: number, max: number, most: number): number {
  const least = (max - min) / Math.max(most, 1);
  return STEPS.find((step) => step >= least) ??
    DAY * Math.ceil(least / DAY);
}

/**
 * Round times inside a range: of a clock, or without a zone of the time since a
 * start. Below a second, they are left to the chart.
 */
export function timeMarks(
  min: number,
  max: number,
  step: number,
  zone?: Zone,
): number[] {
  const offset = zone === undefined ? 0 : offsetOf(zone, min);
  const marks: number[] = [];
  const first = Math.ceil((min + offset) / step - 1e-9) * step - offset;
  for (let mark = first; mark <= max; mark += step) marks.push(mark);
  return marks;
}
