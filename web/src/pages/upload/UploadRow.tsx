import { Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../../lib/api";
import { formatBytes, formatShare } from "../../lib/format";
import { incidentsKey } from "../../lib/keys";
import type { Incident } from "../../lib/types";
import { OutcomeBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { sendFile } from "../../lib/upload";
import { useIncident } from "../../incident/useIncident";

type State =
  | { is: "sending" | "waiting" | "paused"; sent: number }
  | { is: "failed"; sent: number; error: unknown }
  | { is: "done"; sent: number; incident: Incident };

interface Props {
  file: File;
  title: string;
  severity: string;
  /** There is no other: its incident opens by itself. */
  alone: boolean;
  onOpen: () => void;
}

/** One file on its way: progress, pause, go on, and the incident it became. */
export function UploadRow({ file, title, severity, alone, onOpen }: Props) {
  const { t, i18n } = useTranslation("shell");
  const { state, start, pause } = useSending(file, title, severity);
  const navigate = useNavigate();
  const made = state.is === "done" ? state.incident.id : "";
  const opened = useRef(false);
  useEffect(() => {
    if (made === "" || !alone || opened.current) return;
    opened.current = true;
    onOpen();
    void navigate({ to: `/incidents/${made}` });
  }, [made, alone, onOpen, navigate]);
  const share = file.size === 0 ? 1 : state.sent / file.size;
  return (
    <Stack gap={4} className="panel" p="sm">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          <MiddleCut text={file.name} max={44} />
        </Text>
        {state.is === "done" ? (
          <Button
            size="compact-sm"
            component={Link}
            {...({ to: `/incidents/${state.incident.id}` } as object)}
            onClick={onOpen}
          >
            {t("upload.open", { id: state.incident.id })}
          </Button>
        ) : state.is === "sending" || state.is === "waiting" ? (
          <Button size="compact-sm" variant="default" onClick={pause}>
            {t("upload.pause")}
          </Button>
        ) : state.is === "paused" ? (
          <Button size="compact-sm" variant="default" onClick={start}>
            {t("upload.resume")}
          </Button>
        ) : null}
      </Group>
      <Progress value={share * 100} aria-label={file.name} color={state.is === "failed" ? "red" : "accent"} />
      {state.is === "done" && <Became incident={state.incident} />}
      <Text size="xs" c="dimmed">
        {formatBytes(state.sent, i18n.language)} / {formatBytes(file.size, i18n.language)} ·{" "}
        {formatShare(share, i18n.language)} · {t(`upload.state.${state.is}`)}
      </Text>
      {state.is === "failed" &&
        (refused(state.error) ? (
          <ErrorPanel error={inBrowser(state.error, t("upload.remedy"))} />
        ) : (
          <ErrorPanel error={state.error} onRetry={start} safe={t("upload.safe")} />
        ))}
    </Stack>
  );
}

/** Whether sending the same file again would end the same. */
const refused = (error: unknown) => error instanceof ApiError && [400, 413, 415, 422].includes(error.status);

/** A refusal with what helps in a browser, where a folder cannot be given. */
function inBrowser(error: unknown, remedy: string): unknown {
  if (!(error instanceof ApiError) || !error.problem.remedy?.includes(".tar.gz")) return error;
  return new ApiError(error.status, { ...error.problem, remedy }, error.requestId);
}

/** What became of a bundle, as it goes on. */
function Became({ incident }: { incident: Incident }) {
  const now = useIncident(incident.id).data ?? incident;
  return (
    <Group gap="xs">
      <OutcomeBadge incident={now} />
      <Text size="xs">{now.progress === "done" ? now.headline?.summary : ""}</Text>
    </Group>
  );
}

function useSending(file: File, title: string, severity: string) {
  const client = useQueryClient();
  const [state, setState] = useState<State>({ is: "sending", sent: 0 });
  const abort = useRef<AbortController | null>(null);
  const run = async () => {
    abort.current?.abort();
    const mine = (abort.current = new AbortController());
    const patch = (f: (s: State) => State) => {
      if (abort.current === mine) setState(f);
    };
    patch((s) => ({ is: "sending", sent: s.sent }));
    try {
      const incident = await sendFile({
        file,
        title,
        severity,
        signal: mine.signal,
        onProgress: (sent) => patch(() => ({ is: "sending", sent })),
        onWaiting: (w) => patch((s) => ({ is: w ? "waiting" : "sending", sent: s.sent })),
      });
      patch(() => ({ is: "done", sent: file.size, incident }));
      void client.invalidateQueries({ queryKey: incidentsKey });
    } catch (error) {
      if (mine.signal.aborted) patch((s) => ({ is: "paused", sent: s.sent }));
      else patch((s) => ({ is: "failed", sent: s.sent, error }));
    }
  };
  const begin = useRef(run);
  useEffect(() => {
    void begin.current();
    return () => abort.current?.abort();
  }, []);
  return { state, start: () => void run(), pause: () => abort.current?.abort() };
}
