/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The service that `npm run dev` talks to.
const service = process.env.TRIAGENT_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  // public/ holds .gitkeep, so that dist/ stays a folder of the repository.
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    target: "es2022",
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // What every page needs comes in one file each, not in sixty: over HTTP/1.1 a
        // browser asks for six at once.
        codeSplitting: {
          groups: [
            {
              name: "react",
              test: /node_modules\/(react|react-dom|scheduler|@tanstack\/(react-router|router-core|history|store|react-store|query-core|react-query)|i18next|react-i18next)\//,
              priority: 3,
            },
            { name: "mantine", test: /node_modules\/(@mantine|@floating-ui)\//, minShareCount: 9, priority: 2 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": service, "/healthz": service, "/readyz": service } },
  test: { environment: "jsdom", setupFiles: ["src/lib/test-setup.ts"], include: ["src/**/*.test.{ts,tsx}"] },
});
