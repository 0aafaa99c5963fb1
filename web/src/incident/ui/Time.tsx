import { TimeStamp } from "../../lib/ui/TimeStamp";

/** At is a moment of the incident: the time of day, the date and UTC on hover. */
export function At({ ms }: { ms: number }) {
  return <TimeStamp at={Number.isFinite(ms) ? ms : null} style="time" />;
}
