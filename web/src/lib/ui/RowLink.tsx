import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";

interface Props {
  /** Path with query. */
  href: string;
  className: string | undefined;
  resolved?: boolean;
  /** There are no alerts to count. */
  quiet?: boolean;
  children: ReactNode;
}

/** A whole row that leads somewhere. Lists draw many: it is a plain link that the router takes over, without its watching of routes. */
export function RowLink({ href, className, resolved = false, quiet = false, children }: Props) {
  const router = useRouter();
  const go = (e: MouseEvent) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    router.history.push(href);
  };
  return (
    <a
      href={href}
      onClick={go}
      className={className}
      data-row-focus
      data-resolved={resolved || undefined}
      data-quiet={quiet || undefined}
    >
      {children}
    </a>
  );
}
