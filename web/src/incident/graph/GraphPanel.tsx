import { ActionIcon, Skeleton, Slider, Text } from "@mantine/core";
import { IconCrown, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { clock, type Span } from "../../charts";
import { useShared } from "../context";
import { spanOf } from "../model/diagnosis";
import { picture, type Picture } from "../model/graph";
import { leadersAt, type TimelineFile } from "../model/timeline";
import { useTimeline } from "../timeline/useTimeline";
import { Cites } from "../ui/Cite";
import { Panel } from "../ui/Panel";
import { At } from "../ui/Time";
import page from "../incident.module.css";
import classes from "./graph.module.css";
import type { Leaders } from "./CallGraph";

const CallGraph = lazy(() => import("./CallGraph"));

/** How long the slider rests at each moment while it plays, in ms. */
const REST = 900;

/** GraphPanel is the call graph, and the slider that moves it through time. */
export function GraphPanel() {
  const { t } = useTranslation("incident");
  const { d, parts, running, view, setView } = useShared();
  const p = useMemo(() => picture(d, parts), [d, parts]);
  const span = useMemo(() => reach(p, spanOf(d.subject.window)), [p, d.subject.window]);
  const [moving, setMoving] = useState<number | null>(null);
  const at = moving ?? view.at ?? span?.to ?? Infinity;
  const timeline = useTimeline().data;
  const leaders = useLeaders(p, timeline, at);
  const empty = p.vertices.length === 0;
  return (
    <Panel name="graph" least={650}>
      {empty ? (
        running ? (
          <div className={page.placeholder} />
        ) : (
          <Text c="dimmed" size="sm">
            {t("graph.empty")}
          </Text>
        )
      ) : (
        <Suspense fallback={<Skeleton height={400} />}>
          <CallGraph picture={p} at={at} leaders={leaders} />
        </Suspense>
      )}
      {!empty && <Legend picture={p} leads={leaders.count.size > 0} />}
      {span && p.hops.length > 0 && (
        <TimeSlider
          span={span}
          picture={p}
          at={Math.min(at, span.to)}
          onMove={setMoving}
          onRest={(v) => {
            setMoving(null);
            setView({ at: v >= span.to ? "" : String(v) });
          }}
        />
      )}
      {p.hops.length > 0 && <Hops picture={p} at={at} />}
      {p.grouped && (
        <Text size="xs" c="dimmed" mt={6}>
          {t("graph.grouped", { nodes: d.graph.nodes.length, services: p.vertices.length })}
        </Text>
      )}
    </Panel>
  );
}

/** reach is the time that the slider covers: from just before the first step of the way to the end of the window. */
function reach(p: Picture, window: Span | undefined): Span | undefined {
  const times = p.hops.map((h) => h.at).filter(Number.isFinite);
  const from = Math.min(...times, window?.from ?? Infinity);
  const to = Math.max(...times, window?.to ?? -Infinity);
  return from < to ? { from: from - 1000, to } : undefined;
}

function useLeaders(p: Picture, timeline: TimelineFile | undefined, at: number): Leaders {
  return useMemo(() => {
    const then = timeline ? leadersAt(timeline, at) : null;
    if (then) return { known: true, count: then };
    const heads = p.vertices.filter((v) => v.role === "leader" || v.role === "config_leader");
    return { known: false, count: new Map(heads.map((v) => [v.id, 0])) };
  }, [p, timeline, at]);
}

interface SliderProps {
  span: Span;
  picture: Picture;
  at: number;
  onMove: (ms: number) => void;
  onRest: (ms: number) => void;
}

function TimeSlider({ span, picture: p, at, onMove, onRest }: SliderProps) {
  const { t } = useTranslation("incident");
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return;
    const stops = [span.from, ...new Set(p.hops.map((h) => h.at)), span.to];
    const next = stops.find((s) => s > at);
    const timer = setTimeout(() => {
      if (next === undefined) {
        setPlaying(false);
        onRest(span.to);
      } else onMove(next);
    }, REST);
    return () => clearTimeout(timer);
  }, [playing, at, p, span, onMove, onRest]);
  return (
    <div className={classes.slider}>
      <ActionIcon
        variant="default"
        aria-label={t(playing ? "graph.pause" : "graph.play")}
        onClick={() => {
          if (!playing && at >= span.to) onMove(span.from);
          setPlaying(!playing);
        }}
      >
        {playing ? <IconPlayerPause size={16} /> : <IconPlayerPlay size={16} />}
      </ActionIcon>
      <Slider
        size="sm"
        min={span.from}
        max={span.to}
        step={Math.max(1, Math.round((span.to - span.from) / 300))}
        value={at}
        label={(v) => clock(v)}
        thumbLabel={t("graph.moment")}
        marks={p.hops.map((h) => ({ value: h.at }))}
        onChange={(v) => {
          setPlaying(false);
          onMove(v);
        }}
        onChangeEnd={onRest}
      />
      <Text size="sm" style={{ fontVariantNumeric: "tabular-nums" }}>
        {clock(at)}
      </Text>
    </div>
  );
}

function Hops({ picture: p, at }: { picture: Picture; at: number }) {
  const { t } = useTranslation("incident");
  return (
    <ol className={classes.hops} aria-label={t("graph.path")}>
      {p.hops.map((h) => (
        <li key={h.id} data-later={h.at > at || undefined}>
          <b>{h.order}</b> {h.from} → {h.to} <At ms={h.at} /> <Cites ids={h.cites} most={2} />
        </li>
      ))}
    </ol>
  );
}

function Legend({ picture: p, leads }: { picture: Picture; leads: boolean }) {
  const { t } = useTranslation("incident");
  const kinds = [...new Set(p.links.flatMap((l) => l.kinds))];
  return (
    <div className={classes.legend}>
      {leads && (
        <span>
          <IconCrown size={13} aria-hidden /> {t("graph.leader")}
        </span>
      )}
      {p.vertices.some((v) => v.oddness > 0) && (
        <span>
          <i className={classes.oddness} aria-hidden /> {t("graph.oddness")}
        </span>
      )}
      {kinds.map((k) => (
        <span key={k}>
          <svg width="24" height="6" aria-hidden>
            <path className={classes.link} data-kind={k} d="M1 3L23 3" />
          </svg>
          {t([`graph.kind.${k}`, "graph.kind.call"])}
        </span>
      ))}
      {p.hops.length > 0 && (
        <span>
          <svg width="24" height="6" aria-hidden>
            <path className={classes.hop} d="M1 3L23 3" />
          </svg>
          {t("graph.spread")}
        </span>
      )}
    </div>
  );
}
