import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Anchor, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useSession, useTakeSession } from "../../lib/session";
import type { Session } from "../../lib/types";
import { useUrlState } from "../../lib/urlstate";
import { ProgressAfter1s } from "../../lib/ui/Loading";
import { PasswordForm, type Account } from "./PasswordForm";

/** The first start: whoever holds the printed link becomes the admin. */
export default function SetupPage() {
  const { t } = useTranslation("shell");
  const [{ token }] = useUrlState({ token: "" });
  const navigate = useNavigate();
  const take = useTakeSession();
  const session = useSession();
  const setup = useMutation({
    mutationFn: (a: Account) => api.post<Session>("/session/setup", { token, ...a }),
    onSuccess: async (s) => {
      take(s);
      await navigate({ to: "/", replace: true });
    },
  });
  if (session.isPending) return <ProgressAfter1s what={t("connecting")} />;
  // There is an admin once one was made here, too.
  if (session.data?.setup === false && setup.isIdle) {
    return (
      <Stack>
        <Title order={1} size="h3">
          {t("setup.used")}
        </Title>
        <Text size="sm">{t("setup.usedHint")}</Text>
        <Anchor component={Link} {...({ to: session.data.user ? "/" : "/login" } as object)}>
          {t(session.data.user ? "notFound.back" : "login.title")}
        </Anchor>
      </Stack>
    );
  }
  return (
    <Stack>
      <Title order={1} size="h3">
        {t("setup.title")}
      </Title>
      <Text size="sm" c="dimmed">
        {token ? t("setup.hint") : t("setup.noToken")}
      </Text>
      {token && (
        <PasswordForm
          full
          submit={t("setup.submit")}
          pending={setup.isPending}
          error={setup.error}
          onSubmit={(a) => setup.mutate(a)}
        />
      )}
    </Stack>
  );
}
