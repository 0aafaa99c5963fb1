import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";

export interface Account {
  name: string;
  display: string;
  email: string;
  password: string;
}

/** Shortest password that the service takes. */
export const minPassword = 12;

interface Props {
  /** Asks for name and address as well. */
  full: boolean;
  submit: string;
  pending: boolean;
  error: unknown;
  onSubmit: (a: Account) => void;
}

/** Sets a password twice, and with `full` the name of the account too. */
export function PasswordForm({ full, submit, pending, error, onSubmit }: Props) {
  const { t } = useTranslation("shell");
  const [a, setA] = useState<Account>({ name: "", display: "", email: "", password: "" });
  const [again, setAgain] = useState("");
  const set = (patch: Partial<Account>) => setA((v) => ({ ...v, ...patch }));
  const short = a.password !== "" && a.password.length < minPassword;
  const differs = again !== "" && again !== a.password;
  const send = (e: FormEvent) => {
    e.preventDefault();
    if (a.password.length >= minPassword && again === a.password) onSubmit(a);
  };
  const show = { "aria-label": t("login.show") };
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        {full && (
          <>
            <TextInput
              label={t("login.name")}
              autoComplete="username"
              required
              value={a.name}
              onChange={(e) => set({ name: e.currentTarget.value })}
            />
            <TextInput
              label={t("setup.display")}
              value={a.display}
              onChange={(e) => set({ display: e.currentTarget.value })}
            />
            <TextInput
              label={t("setup.email")}
              type="email"
              value={a.email}
              onChange={(e) => set({ email: e.currentTarget.value })}
            />
          </>
        )}
        <PasswordInput
          label={t("login.password")}
          description={t("setup.passwordRule", { n: minPassword })}
          error={short ? t("setup.tooShort", { n: minPassword }) : null}
          autoComplete="new-password"
          required
          value={a.password}
          onChange={(e) => set({ password: e.currentTarget.value })}
          visibilityToggleButtonProps={show}
        />
        <PasswordInput
          label={t("setup.again")}
          error={differs ? t("setup.differs") : null}
          autoComplete="new-password"
          required
          value={again}
          onChange={(e) => setAgain(e.currentTarget.value)}
          visibilityToggleButtonProps={show}
        />
        <Button type="submit" loading={pending}>
          {submit}
        </Button>
        {error !== null && <ErrorPanel error={error} />}
      </Stack>
    </form>
  );
}
