import { api } from "../../lib/api";
import type { RawSeries } from "../model/series";

/** How long questions for series of the same node are gathered, in ms. */
const GATHER = 15;

/** Series that one request asks for at most. */
const MOST = 24;

/** Points that a series is asked to have at most. */
const POINTS = 2000;

interface Question {
  metric: string;
  resolve: (s: RawSeries | null) => void;
  reject: (e: unknown) => void;
}

const open = new Map<string, Question[]>();

/** loadSeries reads a series of the bundle; null: there is none. Those asked for at once of one node share a request. */
export function loadSeries(incident: string, node: string, metric: string): Promise<RawSeries | null> {
  return new Promise((resolve, reject) => {
    const key = JSON.stringify([incident, node]);
    const waiting = open.get(key);
    if (waiting) waiting.push({ metric, resolve, reject });
    else {
      open.set(key, [{ metric, resolve, reject }]);
      setTimeout(() => {
        const questions = open.get(key) ?? [];
        open.delete(key);
        for (let i = 0; i < questions.length; i += MOST) void ask(incident, node, questions.slice(i, i + MOST));
      }, GATHER);
    }
  });
}

async function ask(incident: string, node: string, questions: readonly Question[]): Promise<void> {
  try {
    const metric = [...new Set(questions.map((q) => q.metric))];
    const path = `/incidents/${encodeURIComponent(incident)}/series`;
    const { series } = await api.get<{ series: RawSeries[] }>(path, { node, metric, max_points: POINTS });
    for (const q of questions) q.resolve(series.find((s) => s.metric === q.metric) ?? null);
  } catch (e) {
    for (const q of questions) q.reject(e);
  }
}
