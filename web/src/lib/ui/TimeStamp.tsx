import { Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatAgo, formatDuration, formatTime, formatUTC, type TimeStyle } from "../format";

/** A time in the user's zone; in UTC on hover. `ago` words it as "5 min ago" and keeps it current. */
export function TimeStamp({
  at,
  style = "full",
  ago = false,
  hint = "",
}: {
  at: string | number | null | undefined;
  style?: TimeStyle;
  ago?: boolean;
  /** What else is said on hover. */
  hint?: string;
}) {
  const { i18n } = useTranslation();
  const now = useNow(ago ? 15_000 : 0);
  if (at === null || at === undefined || at === "") return <span aria-hidden>–</span>;
  const full = formatTime(at, i18n.language, "full");
  return (
    <time
      dateTime={new Date(at).toISOString()}
      title={[`${full} · ${formatUTC(at)}`, hint].filter(Boolean).join("\n")}
      style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}
    >
      {ago ? formatAgo(at, i18n.language, now) : formatTime(at, i18n.language, style)}
    </time>
  );
}

/** A duration between two times, or up to now where the second is missing. */
export function Lasted({ from, to }: { from: string; to: string | null }) {
  const { i18n } = useTranslation();
  const now = useNow(to === null ? 10_000 : 0);
  const end = to === null ? now : new Date(to).getTime();
  return (
    <Text span inherit style={{ whiteSpace: "nowrap", fontVariantNumeric: "tabular-nums" }}>
      {formatDuration(Math.max(0, end - new Date(from).getTime()), i18n.language)}
    </Text>
  );
}

/** The time now, renewed every `every` milliseconds; 0: never. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (every === 0) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
