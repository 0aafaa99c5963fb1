import { Alert, Button, Center, Divider, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconAlertTriangle, IconLogin2, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../lib/api";
import { sessionKey, useTakeSession } from "../lib/session";
import type { Session } from "../lib/types";
import { ErrorPanel } from "../lib/ui/ErrorPanel";
import { ProgressAfter1s } from "../lib/ui/Loading";
import { parseSearch } from "../lib/urlstate";
import { PublicFrame } from "./PublicFrame";

/** Where one is led back to when a log-in at a provider failed: /login?error=CODE. */
export const loginPath = "/login";

/** The page on which one logs in; the address stays, so that one arrives where one wanted to go. */
export function LoginPage({ session, error }: { session: Session; error?: unknown }) {
  const { t } = useTranslation("shell");
  return (
    <PublicFrame>
      <Stack>
        <Title order={1} size="h3">
          {session.setup ? t("login.setupTitle") : t("login.title")}
        </Title>
        {session.setup && (
          <Text size="sm" c="dimmed">
            {t("login.setupHint")}
          </Text>
        )}
        <Reason />
        <LoginForm session={session} />
        {error !== undefined && <ErrorPanel error={error} />}
      </Stack>
    </PublicFrame>
  );
}

/** Why the log-in at a provider failed, where it did. */
function Reason() {
  const { t } = useTranslation("shell");
  const location = useRouterState({ select: (s) => s.location });
  const code = location.pathname === loginPath ? parseSearch(location.searchStr).error : undefined;
  if (!code) return null;
  return (
    <Alert role="alert" color="red" variant="light" icon={<IconAlertTriangle />} title={t("login.failed")}>
      {t([`login.why.${code}`, "login.why.oidc_failed"])}
    </Alert>
  );
}

/** Lets a visitor of the demonstration in by itself; where that fails they see the form, and why. */
export function DemoLogin({ session }: { session: Session }) {
  const { t } = useTranslation("shell");
  const take = useTakeSession();
  const login = useQuery({
    queryKey: [...sessionKey, "demo"],
    queryFn: () => api.post<Session>("/session", { demo: true }),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  useEffect(() => {
    if (login.data) take(login.data);
  }, [login.data, take]);
  if (login.isError) return <LoginPage session={session} error={login.error} />;
  return (
    <Center h="60vh">
      <ProgressAfter1s what={t("connecting")} />
    </Center>
  );
}

/** Name and password, the providers of OIDC, and the demo's own log-in where the service offers them. */
export function LoginForm({ session, name: known = "" }: { session: Session; name?: string }) {
  const { t } = useTranslation("shell");
  const [name, setName] = useState(known);
  const [password, setPassword] = useState("");
  const take = useTakeSession();
  const login = useMutation({
    mutationFn: (body: object) => api.post<Session>("/session", body),
    onSuccess: take,
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    login.mutate({ name: name.trim(), password });
  };
  return (
    <Stack gap="md">
      {session.demo && (
        <Button
          size="md"
          leftSection={<IconPlayerPlay size={18} />}
          loading={login.isPending}
          onClick={() => login.mutate({ demo: true })}
        >
          {t("login.demo")}
        </Button>
      )}
      {session.oidc.map((p) => (
        <Button key={p.id} component="a" href={p.url} variant="default" leftSection={<IconLogin2 size={18} />}>
          {t("login.oidc", { name: p.name })}
        </Button>
      ))}
      {(session.demo || session.oidc.length > 0) && <Divider label={t("login.or")} />}
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={t("login.name")}
            autoComplete="username"
            required
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
          />
          <PasswordInput
            label={t("login.password")}
            autoComplete="current-password"
            required
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("login.show") }}
          />
          <Button type="submit" loading={login.isPending} variant={session.demo ? "default" : "filled"}>
            {t("login.submit")}
          </Button>
        </Stack>
      </form>
      {login.isError && <ErrorPanel error={login.error} />}
    </Stack>
  );
}
