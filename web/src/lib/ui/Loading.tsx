import { Group, Loader, Skeleton, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

/** A skeleton at once; words on what is being read after one second. */
export function Loading({ what, rows = 6, height = 18 }: { what?: string; rows?: number; height?: number }) {
  return (
    <Stack gap="sm" aria-busy="true">
      <ProgressAfter1s what={what} />
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} radius="sm" width={`${100 - ((i * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}

/** Nothing for one second, then a spinner with what is being done and for how long. */
export function ProgressAfter1s({ what }: { what?: string | undefined }) {
  const { t } = useTranslation();
  const seconds = useSeconds();
  return (
    <div role="status" aria-live="polite">
      {seconds >= 1 && (
        <Group gap="xs">
          <Loader size="xs" />
          <Text size="sm" c="dimmed">
            {what ?? t("loading")}
            {seconds >= 4 && <span aria-hidden> · {t("forSeconds", { n: seconds })}</span>}
          </Text>
        </Group>
      )}
    </div>
  );
}

function useSeconds(): number {
  const [s, setS] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setS((v) => v + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return s;
}
