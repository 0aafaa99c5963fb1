import { Anchor, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import type { Incident, List } from "../../lib/types";
import { OutcomeBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";

/** The list of incidents. */
export default function IncidentsPage() {
  const { t } = useTranslation("shell");
  const list = useQuery({ queryKey: ["incidents"], queryFn: () => api.get<List<Incident>>("/incidents") });
  if (list.isError) return <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <Loading />;
  return (
    <Stack p="md">
      <Title order={1}>{t("incidents.title")}</Title>
      {list.data.items.map((i) => (
        <div key={i.id}>
          <Anchor component={Link} to={`/incidents/${i.id}`}>
            {i.id} {i.title}
          </Anchor>{" "}
          <OutcomeBadge incident={i} />
        </div>
      ))}
    </Stack>
  );
}
