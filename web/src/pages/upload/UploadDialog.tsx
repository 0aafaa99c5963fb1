import { Button, FileButton, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconFileZip } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { UploadRow } from "./UploadRow";
import classes from "./upload.module.css";

const severities = ["info", "warning", "major", "critical"];
const accept = ".gz,.tgz,.zst,.tar,.zip";

interface Job {
  n: number;
  file: File;
  title: string;
  severity: string;
}

/** Chooses bundles and sends them; each row shows how far it is and leads to its incident. */
export default function UploadDialog({ dropped, onClose }: { dropped: File[]; onClose: () => void }) {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const [chosen, setChosen] = useState<File[]>(dropped);
  const [jobs, setJobs] = useState<Job[]>([]);
  const [title, setTitle] = useState("");
  const [severity, setSeverity] = useState<string | null>(null);
  const start = () => {
    setJobs((old) => [
      ...old,
      ...chosen.map((file, i) => ({ n: old.length + i, file, title, severity: severity ?? "" })),
    ]);
    setChosen([]);
    setTitle("");
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("upload.title")}
      size="lg"
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <Stack>
        <div className={classes.zone}>
          <IconFileZip size={34} stroke={1.4} aria-hidden />
          <Text size="sm">{chosen.length > 0 ? chosen.map((f) => f.name).join(", ") : t("upload.hint")}</Text>
          <FileButton multiple accept={accept} onChange={setChosen}>
            {(props) => (
              <Button {...props} variant="default" data-autofocus>
                {t("upload.choose")}
              </Button>
            )}
          </FileButton>
          <Text size="xs" c="dimmed">
            {t("upload.kinds")}
          </Text>
        </div>
        {chosen.length > 0 && (
          <Group align="end">
            <TextInput
              style={{ flex: 1 }}
              label={t("upload.name")}
              placeholder={t("upload.nameHint")}
              value={title}
              onChange={(e) => setTitle(e.currentTarget.value)}
            />
            <Select
              w={150}
              label={t("incidents.severity")}
              placeholder={t("upload.severityHint")}
              clearable
              data={severities.map((s) => ({ value: s, label: common(`severity.${s}`) }))}
              value={severity}
              onChange={setSeverity}
            />
            <Button onClick={start}>{t("upload.start")}</Button>
          </Group>
        )}
        <Stack gap="xs" aria-live="polite">
          {jobs.map((j) => (
            <UploadRow
              key={j.n}
              file={j.file}
              title={j.title}
              severity={j.severity}
              alone={jobs.length === 1 && chosen.length === 0}
              onOpen={onClose}
            />
          ))}
        </Stack>
      </Stack>
    </Modal>
  );
}
