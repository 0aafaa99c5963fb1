import { Outlet } from "@tanstack/react-router";
import { LiveProvider } from "../lib/live";
import { OfflineBanner } from "../lib/ui/OfflineBanner";

/** What surrounds every page. */
export function Root() {
  return (
    <LiveProvider>
      <OfflineBanner />
      <main id="main">
        <Outlet />
      </main>
    </LiveProvider>
  );
}
