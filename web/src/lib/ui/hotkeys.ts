import { useEffect, useRef } from "react";

export interface Hotkey {
  /** As KeyboardEvent.key: "j", "/", "?", "Enter". */
  key: string;
  run: (e: KeyboardEvent) => void;
}

/** Whether someone is typing there, or a dialogue is open above the page. */
function busy(target: EventTarget | null): boolean {
  if (document.querySelector("[aria-modal='true']") !== null) return true;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Single keys that act on the page, never while someone types, with a modifier held, or under a dialogue. */
export function useKeys(keys: Hotkey[]): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const on = (e: KeyboardEvent) => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || busy(e.target)) return;
      const hit = latest.current.find((k) => k.key === e.key);
      if (!hit) return;
      const onControl = e.target instanceof HTMLElement && e.target.closest("button, a, [role='button']") !== null;
      if (e.key === "Enter" && onControl) return;
      e.preventDefault();
      hit.run(e);
    };
    window.addEventListener("keydown", on);
    return () => window.removeEventListener("keydown", on);
  }, []);
}
