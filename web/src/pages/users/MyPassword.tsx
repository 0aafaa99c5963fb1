import { PasswordInput, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { PasswordForm } from "../access/PasswordForm";

/** Changes my password; other sessions end. */
export function MyPassword() {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const { t: shell } = useTranslation("shell");
  const [old, setOld] = useState("");
  const [round, setRound] = useState(0);
  const change = useMutation({
    mutationFn: (next: string) => api.put("/me/password", { old, new: next }),
    onSuccess: () => {
      setOld("");
      setRound((n) => n + 1);
      notifications.show({ message: common("saved"), color: "teal" });
    },
  });
  return (
    <Stack maw={420} className="panel" p="md">
      <PasswordInput
        label={t("users.oldPassword")}
        autoComplete="current-password"
        value={old}
        onChange={(e) => setOld(e.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": shell("login.show") }}
      />
      <PasswordForm
        key={round}
        full={false}
        submit={t("users.changePassword")}
        pending={change.isPending}
        error={change.error}
        onSubmit={(a) => change.mutate(a.password)}
      />
    </Stack>
  );
}
