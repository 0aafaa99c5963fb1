import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { clock } from "../charts";
import { api } from "../lib/api";
import type { Incident, Vocabulary } from "../lib/types";
import { ErrorPanel } from "../lib/ui/ErrorPanel";
import { useKeys } from "../lib/ui/hotkeys";
import { Loading } from "../lib/ui/Loading";
import { nameIn, SharedProvider, type Shared } from "./context";
import { Drawer } from "./evidence/Drawer";
import { Head } from "./head/Head";
import classes from "./incident.module.css";
import { Body } from "./Body";
import { culpritOf, indexOf, instants, localTimes, partsOf } from "./model/derive";
import type { Diagnosis } from "./model/diagnosis";
import type { Live } from "./model/fold";
import { Failed } from "./run/Failed";
import { Run } from "./run/Run";
import { useView } from "./state";
import { busy, useDiagnosis, useIncident, useRun } from "./useIncident";

/** The page of one incident. */
export default function IncidentPage({ id }: { id: string }) {
  const { t } = useTranslation("incident");
  const incident = useIncident(id);
  const navigate = useNavigate();
  useTitle(id, incident.data?.headline?.node ?? "");
  useKeys([{ key: "[", run: () => void navigate({ to: "/" }) }]);
  if (incident.isError && !incident.data) {
    return (
      <div className={classes.page}>
        <ErrorPanel error={incident.error} onRetry={() => void incident.refetch()} />
      </div>
    );
  }
  if (!incident.data)
    return (
      <div className={classes.page}>
        <Loading what={t("loading.incident")} rows={8} height={48} />
      </div>
    );
  return <Loaded incident={incident.data} />;
}

function Loaded({ incident }: { incident: Incident }) {
  const { t } = useTranslation("incident");
  const run = useRun(incident);
  const diagnosis = useDiagnosis(incident);
  const running = busy(incident);
  const seen = run.last > 0;
  // While a diagnosis runs its own events are shown; afterwards they stay until the finished one is read.
  const d = running || !diagnosis.data ? (seen || !diagnosis.data ? run.diagnosis : diagnosis.data) : diagnosis.data;
  const shared = useSharedValue(incident, d, running);
  const failed = incident.progress === "failed";
  const nothing = !running && !diagnosis.data && !seen;
  return (
    <SharedProvider value={shared}>
      <article className={classes.page} aria-busy={running}>
        <Stack gap="md">
          <Head />
          {(running || seen) && <Run live={run} />}
          {failed && <Failed incident={incident} before={Boolean(diagnosis.data)} />}
          {diagnosis.isError && !diagnosis.data && (
            <ErrorPanel error={diagnosis.error} onRetry={() => void diagnosis.refetch()} />
          )}
          {nothing && diagnosis.isPending && <Loading what={t("loading.diagnosis")} rows={6} height={64} />}
          {shows(run, nothing) && <Body />}
        </Stack>
        <Drawer />
      </article>
    </SharedProvider>
  );
}

/** shows says whether there is anything to fill the panels with, now or soon. */
function shows(run: Live, nothing: boolean): boolean {
  return !nothing && !(run.progress === "failed" && run.last === 0);
}

function useSharedValue(incident: Incident, d: Diagnosis, running: boolean): Shared {
  const { i18n } = useTranslation();
  const [view, setView] = useView();
  const lang = i18n.language;
  const words = useQuery({
    queryKey: ["vocabulary", lang],
    queryFn: () => api.get<Vocabulary>("/vocabulary", { lang }),
    staleTime: Infinity,
  }).data;
  const derived = useMemo(() => {
    const times = instants(d);
    return {
      index: indexOf(d),
      parts: partsOf(d),
      culprit: culpritOf(d),
      say: (text: string) => localTimes(text, times, clock),
    };
  }, [d]);
  return useMemo(
    () => ({
      incident,
      d,
      ...derived,
      running,
      view,
      setView,
      fault: (id) => (incident.headline?.fault === id && incident.headline.fault_name) || nameIn(words?.faults, id),
      role: (id) => nameIn(words?.roles, id),
    }),
    [incident, d, derived, running, view, setView, words],
  );
}

function useTitle(id: string, node: string) {
  useEffect(() => {
    document.title = [id, node, "Triagent"].filter(Boolean).join(" · ");
  }, [id, node]);
}
