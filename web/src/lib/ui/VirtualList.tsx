import { Group, Loader } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "./hotkeys";
import classes from "./VirtualList.module.css";

interface Props<T> {
  items: T[];
  id: (t: T) => string;
  /** Height of a row in pixels; all rows are of one height. */
  rowHeight: number;
  /** Draws a row; the same function at every render, so that rows need not be drawn again. Whatever in it has data-row-focus takes the focus of j and k. */
  row: (t: T, selected: boolean) => ReactNode;
  label: string;
  /** Asked for when the end comes near. */
  onEnd?: (() => void) | undefined;
  loading?: boolean;
  onEnter?: (t: T) => void;
  /** How many there are in all, where it is known. */
  total?: number | undefined;
}

/** A list of any length of which only the visible rows are drawn; j and k move, Enter opens. */
export function VirtualList<T>(p: Props<T>) {
  const { items, onEnd } = p;
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const v = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => p.rowHeight,
    overscan: 6,
    getItemKey: (i) => (items[i] ? p.id(items[i]) : i),
  });
  const rows = v.getVirtualItems();
  const lastShown = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (lastShown >= items.length - 40) onEnd?.();
  }, [lastShown, items.length, onEnd]);
  useEffect(() => v.measure(), [v, p.rowHeight]);
  const at = useSelection(items, p.id, p.onEnter, box, (i) => v.scrollToIndex(i, { align: "auto" }));
  return (
    <div ref={box} className={classes.box} tabIndex={p.onEnter ? -1 : 0}>
      <div role="list" aria-label={p.label} style={{ height: v.getTotalSize(), position: "relative" }}>
        {rows.map((r) => {
          const item = items[r.index];
          if (item === undefined) return null;
          return (
            <Row
              key={r.key}
              item={item}
              draw={p.row as (t: unknown, selected: boolean) => ReactNode}
              index={r.index}
              start={r.start}
              size={r.size}
              total={p.total ?? items.length}
              selected={at === r.index}
            />
          );
        })}
      </div>
      {p.loading && (
        <Group justify="center" p="sm" role="status" aria-label={t("loading")}>
          <Loader size="xs" />
        </Group>
      )}
    </div>
  );
}

interface RowProps {
  item: unknown;
  draw: (t: unknown, selected: boolean) => ReactNode;
  index: number;
  start: number;
  size: number;
  total: number;
  selected: boolean;
}

/** One row; drawn again only where something of it changed, not when the list is scrolled. */
const Row = memo(function Row({ item, draw, index, start, size, total, selected }: RowProps) {
  return (
    <div
      role="listitem"
      aria-setsize={total}
      aria-posinset={index + 1}
      data-index={index}
      className={classes.row}
      data-selected={selected || undefined}
      style={{ height: size, transform: `translateY(${start}px)` }}
    >
      {draw(item, selected)}
    </div>
  );
});

/** The selected row, which stays with its item when others come on top. */
function useSelection<T>(
  items: T[],
  id: (t: T) => string,
  onEnter: ((t: T) => void) | undefined,
  box: React.RefObject<HTMLDivElement | null>,
  scrollTo: (i: number) => void,
): number {
  const [chosen, setChosen] = useState<string | null>(null);
  const at = chosen === null ? -1 : items.findIndex((x) => id(x) === chosen);
  const wanted = useRef<number | null>(null);
  const focus = useCallback(() => {
    if (wanted.current === null) return;
    const row = box.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"] [data-row-focus]`);
    if (!row) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  }, [box]);
  useEffect(focus);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at < 0 ? 0 : at + by));
    const item = items[next];
    if (item === undefined) return;
    setChosen(id(item));
    wanted.current = next;
    scrollTo(next);
  };
  const current = items[at];
  useKeys([
    { key: "j", run: () => move(1) },
    { key: "k", run: () => move(-1) },
    { key: "Enter", run: () => current !== undefined && onEnter?.(current) },
  ]);
  return at;
}
