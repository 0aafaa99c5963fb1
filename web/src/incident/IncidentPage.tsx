import { Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api } from "../lib/api";
import type { Incident } from "../lib/types";
import { OutcomeBadge } from "../lib/ui/Badges";
import { ErrorPanel } from "../lib/ui/ErrorPanel";
import { Loading } from "../lib/ui/Loading";

/** The page of one incident. */
export default function IncidentPage({ id }: { id: string }) {
  const incident = useQuery({ queryKey: ["incident", id], queryFn: () => api.get<Incident>(`/incidents/${id}`) });
  if (incident.isError) return <ErrorPanel error={incident.error} onRetry={() => void incident.refetch()} />;
  if (incident.isPending) return <Loading />;
  return (
    <Stack p="md">
      <Title order={1}>{incident.data.title}</Title>
      <OutcomeBadge incident={incident.data} />
      <Text>{incident.data.headline?.summary}</Text>
    </Stack>
  );
}
