import { Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { sessionKey } from "../../lib/session";
import { useUrlState } from "../../lib/urlstate";
import { PasswordForm, type Account } from "./PasswordForm";

/** An invitation or a reset link: sets the password of the account it was made for. */
export default function InvitePage() {
  const { t } = useTranslation("shell");
  const [{ token }] = useUrlState({ token: "" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const invite = useMutation({
    mutationFn: (a: Account) => api.post("/session/invite", { token, password: a.password }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: sessionKey });
      await navigate({ to: "/", replace: true });
    },
  });
  return (
    <Stack>
      <Title order={1} size="h3">
        {t("invite.title")}
      </Title>
      <Text size="sm" c="dimmed">
        {token ? t("invite.hint") : t("setup.noToken")}
      </Text>
      {token && (
        <PasswordForm
          full={false}
          submit={t("invite.submit")}
          pending={invite.isPending}
          error={invite.error}
          onSubmit={(a) => invite.mutate(a)}
        />
      )}
    </Stack>
  );
}
