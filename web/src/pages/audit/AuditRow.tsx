import { Anchor, Code } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { AuditEntry } from "../../lib/types";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import classes from "./audit.module.css";

/** One line of the audit. */
export function AuditRow({ entry: e, phone }: { entry: AuditEntry; phone: boolean }) {
  const detail = Object.entries(e.detail)
    .map(([k, v]) => `${k}: ${v}`)
    .join(" · ");
  return (
    <div className={phone ? classes.card : classes.line} data-row-focus tabIndex={-1}>
      <span className={classes.n}>{e.n}</span>
      <TimeStamp at={e.at} />
      <span className={classes.actor}>
        <MiddleCut text={e.actor || "–"} max={22} /> <span className={classes.dim}>{e.addr}</span>
      </span>
      <Code className={classes.action}>{e.action}</Code>
      <span className={classes.object} title={e.object}>
        {e.object.startsWith("inc-") ? (
          <Anchor component={Link} size="sm" {...({ to: `/incidents/${e.object}` } as object)}>
            {e.object}
          </Anchor>
        ) : (
          <MiddleCut text={e.object} max={phone ? 20 : 26} />
        )}
      </span>
      <span className={classes.detail} title={detail}>
        {detail}
      </span>
      <span className={classes.hash} title={e.hash}>
        {e.hash.slice(0, 10)}
      </span>
    </div>
  );
}
