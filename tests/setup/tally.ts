/**
 * Tallies for tests that count by hand.
 *
 * @module
 */
import { Schedule, type ScheduleOptions } from "../../measure/schedule.ts";
import { Tally, tallyHistograms } from "../../measure/tally.ts";

const HISTOGRAMS = await tallyHistograms(true);

/** A tally of datagrams, of a schedule that begins now. */
export function newTally(options: ScheduleOptions = {}, flows = 1): Tally {
  return new Tally(
    { knowsLoss: true, isOneWay: false, flows },
    new Schedule(options),
    HISTOGRAMS,
  );
}
