import { Tooltip, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import { tip, untwin } from "../model/derive";
import classes from "../incident.module.css";

/** Cite is a button such as [E3] that opens the evidence. */
export function Cite({ id }: { id: string }) {
  const { index, setView, view, say } = useShared();
  return (
    <Tooltip label={say(tip(id, index))}>
      <UnstyledButton
        className={classes.cite}
        data-open={view.open === id || undefined}
        onClick={() => setView({ e: id }, true)}
      >
        {id}
      </UnstyledButton>
    </Tooltip>
  );
}

/** Cites are the citations of a claim, those that read alike once; the rest open on demand. */
export function Cites({ ids, most = 4 }: { ids: readonly string[]; most?: number }) {
  const { t } = useTranslation("incident");
  const { index } = useShared();
  const [all, setAll] = useState(false);
  const list = untwin(ids, index);
  const shown = all ? list : list.slice(0, most);
  return (
    <span className={classes.cites}>
      {shown.map((id) => (
        <Cite key={id} id={id} />
      ))}
      {shown.length < list.length && (
        <UnstyledButton
          className={classes.cite}
          data-more
          onClick={() => setAll(true)}
          aria-label={t("cites.more", { count: list.length - shown.length })}
        >
          +{list.length - shown.length}
        </UnstyledButton>
      )}
    </span>
  );
}
