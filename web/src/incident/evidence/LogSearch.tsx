import { Button, Group, Select, Text, TextInput, Title, UnstyledButton } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { fine, utc } from "../../charts";
import { api } from "../../lib/api";
import { formatNumber } from "../../lib/format";
import { incidentKey } from "../../lib/keys";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { ProgressAfter1s } from "../../lib/ui/Loading";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { ms } from "../model/diagnosis";
import { RawLines } from "./RawLines";

interface Found {
  node: string;
  file: string;
  line: number;
  at: string | null;
  level: string;
  text: string;
}

interface Page {
  items: Found[];
  next: string | null;
  scanned: number;
}

const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG"];

/** LogSearch finds raw log lines by words, node, level and the span of time chosen on the timeline. */
export function LogSearch() {
  const { t } = useTranslation("incident");
  const { incident, view, setView, d, culprit } = useShared();
  const [text, setText] = useState(view.lines);
  const [asked, setAsked] = useState(view.lines);
  const [open, setOpen] = useState<Found | null>(null);
  if (view.lines !== asked) {
    setAsked(view.lines);
    setText(view.lines);
  }
  const node = view.node;
  const active = view.lines !== "" || view.level !== "";
  const q = useInfiniteQuery({
    queryKey: [...incidentKey(incident.id), "logs", node, view.lines, view.level, view.range],
    enabled: active && incident.has_bundle,
    initialPageParam: "",
    staleTime: 60_000,
    queryFn: ({ pageParam, signal }) =>
      api.get<Page>(
        `/incidents/${encodeURIComponent(incident.id)}/logs`,
        {
          node,
          q: view.lines,
          level: view.level,
          cursor: pageParam,
          limit: 200,
          ...(view.range
            ? { from: new Date(view.range.from).toISOString(), to: new Date(view.range.to).toISOString() }
            : {}),
        },
        signal,
      ),
    getNextPageParam: (p) => p.next,
  });
  const items = q.data?.pages.flatMap((p) => p.items) ?? [];
  const scanned = q.data?.pages.reduce((n, p) => n + p.scanned, 0) ?? 0;
  if (!incident.has_bundle) return null;
  return (
    <section aria-labelledby="log-search" className={classes.search}>
      <Title order={3} size="h5" mb={6} id="log-search">
        {t("lines.title")}
      </Title>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          setView({ lines: text.trim() });
        }}
      >
        <Group gap="xs" align="flex-end">
          <TextInput
            size="xs"
            flex={1}
            miw={160}
            type="search"
            label={t("lines.words")}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
          />
          <Select
            size="xs"
            w={150}
            label={t("lines.node")}
            placeholder={t("common:all")}
            data={d.graph.nodes.map((n) => n.id)}
            value={node || null}
            onChange={(v) => setView({ node: v ?? "" })}
            clearable
            searchable
          />
          <Select
            size="xs"
            w={110}
            label={t("lines.level")}
            placeholder={t("common:all")}
            data={LEVELS}
            value={view.level || null}
            onChange={(v) => setView({ level: v ?? "" })}
            clearable
          />
          <Button size="xs" type="submit">
            {t("common:search")}
          </Button>
        </Group>
      </form>
      {active && q.isPending && <ProgressAfter1s what={t("lines.reading")} />}
      {q.isError && <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />}
      {q.data && (
        <Text size="xs" c="dimmed" mt={6}>
          {t("lines.found", { count: items.length, scanned: formatNumber(scanned, "en") })}
        </Text>
      )}
      {items.length > 0 && (
        <ul className={classes.found}>
          {items.map((l) => (
            <li key={`${l.file}:${String(l.line)}`}>
              <UnstyledButton
                className={classes.line}
                onClick={() => setOpen(open === l ? null : l)}
                aria-expanded={open === l}
              >
                <time title={utc(ms(l.at))}>{fine(ms(l.at))}</time>{" "}
                <b data-culprit={l.node === culprit || undefined}>{l.node}</b> <span>{l.level}</span> {l.text}
              </UnstyledButton>
              {open === l && <RawLines file={l.file} line={l.line} />}
            </li>
          ))}
        </ul>
      )}
      {q.hasNextPage && (
        <Button
          size="compact-sm"
          variant="subtle"
          loading={q.isFetchingNextPage}
          onClick={() => void q.fetchNextPage()}
        >
          {t("common:more")}
        </Button>
      )}
    </section>
  );
}
