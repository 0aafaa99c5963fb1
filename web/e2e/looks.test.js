// Every page in every look: both languages, light and dark, wide and as on a
// phone. In each, nothing goes wrong in the page, nothing is asked of another
// host, nothing is wider than the screen, and axe finds nothing serious.
// SCREENS=DIR keeps pictures (a selection of them is in docs/screens).
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { demoClient, diagnosed, openPage, skip, startBrowser, startService, until, visit } from "./service.js";

const pages = {
  incidents: () => "/",
  incident: (s) => `/incidents/${s.confirmed.id}`,
  inconclusive: (s) => `/incidents/${s.inconclusive.id}`,
  healthy: (s) => `/incidents/${s.healthy.id}`,
  failed: (s) => `/incidents/${s.failed.id}`,
  alerts: () => "/alerts",
  topology: () => "/topology",
  evaluation: () => "/evaluation",
  scores: (s) => `/evaluation/${s.evaluation}`,
  notifications: () => "/notifications",
  users: () => "/users",
  audit: () => "/audit",
  settings: () => "/settings",
  checks: () => "/checks",
  nothing: () => "/no/such/page",
};
const looks = ["en", "zh"].flatMap((lang) => ["light", "dark"].flatMap((scheme) => [1440, 390].map((width) => ({ lang, scheme, width }))));

describe("pages", { skip, concurrency: false }, () => {
  let service, browser, seen;
  before(async () => {
    service = await startService();
    browser = await startBrowser();
    const call = await demoClient(service.url);
    seen = await diagnosed(call);
    seen.failed = await brokenIncident(service.url, call);
    seen.evaluation = await evaluated(call);
    if (process.env.SCREENS) await mkdir(process.env.SCREENS, { recursive: true });
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
  });

  for (const look of looks) {
    const name = `${look.width < 700 ? "phone" : "wide"}-${look.scheme}-${look.lang}`;
    test(name, async (t) => {
      const { context, page, wrong } = await openPage(browser, service.url, look);
      t.after(() => context.close());
      for (const [what, path] of Object.entries(pages)) {
        await visit(page, service.url + path(seen));
        if (process.env.SCREENS) await page.screenshot({ path: `${process.env.SCREENS}/${what}-${name}.png`, fullPage: false });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 1) wrong.push(`${what}: ${wide} px wider than the screen`);
        const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).analyze();
        for (const v of found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")) {
          wrong.push(`${what}: axe: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(" | ")}`);
        }
        const lang = await page.evaluate(() => document.documentElement.lang);
        if (!lang.startsWith(look.lang)) wrong.push(`${what}: the page says that its language is ${lang}`);
      }
      assert.deepEqual(wrong, []);
    });
  }
});

/** An incident whose bundle is one, but for traces that cannot be read: that is seen only when they are. */
async function brokenIncident(url, call) {
  const dir = mkdtempSync(join(tmpdir(), "triagent-e2e-"));
  cpSync(fileURLToPath(new URL("../../demo/incidents/iotdb-lab-09dd1b43/incident.json", import.meta.url)), join(dir, "incident.json"));
  writeFileSync(join(dir, "traces.jsonl"), "this is no span\n");
  const bundle = execFileSync("tar", ["cz", "-C", dir, "."]);
  rmSync(dir, { recursive: true });
  const session = await fetch(`${url}/api/v1/session`, { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"demo":true}' });
  const answer = await fetch(`${url}/api/v1/incidents?title=traces+that+are+none`, {
    method: "POST",
    headers: {
      Cookie: session.headers.getSetCookie()[0].split(";")[0],
      "X-CSRF-Token": (await session.json()).csrf,
      "Content-Type": "application/gzip",
    },
    body: bundle,
  });
  const made = await answer.json();
  assert.equal(answer.status, 202, JSON.stringify(made));
  let now;
  await until("the diagnosis of a broken bundle fails", async () => {
    now = await call("GET", `/incidents/${made.id}`);
    return now.progress === "failed";
  });
  return now;
}

/** The ID of an evaluation on the recorded incidents that is done. */
async function evaluated(call) {
  const { id } = await call("POST", "/evaluations", { set: "demo" });
  await until("the evaluation is done", async () => {
    const { items } = await call("GET", "/evaluations");
    return items.find((e) => e.id === id)?.cases > 0;
  });
  return id;
}
