import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { usePreferences } from "../lib/prefs";
import { makeTheme, toneVariables } from "../lib/theme";
import { router } from "./router";

/** The page with everything that surrounds it: theme, queries, routes. */
export function App({ client }: { client: QueryClient }) {
  const { accent, density, scheme } = usePreferences();
  const theme = useMemo(() => makeTheme(accent, density), [accent, density]);
  useEffect(() => {
    document.documentElement.dataset.density = density;
  }, [density]);
  const forced = scheme === "auto" ? {} : { forceColorScheme: scheme };
  return (
    <MantineProvider theme={theme} cssVariablesResolver={toneVariables} defaultColorScheme="auto" {...forced}>
      <Notifications position="bottom-right" />
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
