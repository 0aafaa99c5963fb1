import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/page.css";
import { StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { startI18n } from "./lib/i18n";
import { whenDenied } from "./lib/api";
import { newQueryClient } from "./lib/query";
import { sessionEnded, sessionQuery } from "./lib/session";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no element #root");

const client = newQueryClient();
whenDenied(() => sessionEnded(client));

// Who is logged in is asked while the texts are read.
void client.prefetchQuery(sessionQuery);
await startI18n();

createRoot(root).render(
  <StrictMode>
    <Suspense>
      <App client={client} />
    </Suspense>
  </StrictMode>,
);
