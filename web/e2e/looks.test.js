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
import { demoClient, diagnosed, openPage, settled, skip, startBrowser, startService, until, visit } from "./service.js";

// What each picture shows: an address, and what is done there before one looks.
const pages = {
  incidents: { at: () => "/" },
  upload: { at: () => "/", act: (page) => press(page, "u") },
  keys: { at: () => "/", act: (page) => press(page, "?") },
  incident: { at: (s) => `/incidents/${s.confirmed.id}` },
  drawer: { at: (s) => `/incidents/${s.confirmed.id}?e=${s.evidence}` },
  inconclusive: { at: (s) => `/incidents/${s.inconclusive.id}` },
  healthy: { at: (s) => `/incidents/${s.healthy.id}` },
  failed: { at: (s) => `/incidents/${s.failed.id}` },
  alerts: { at: () => "/alerts" },
  topology: { at: () => "/topology" },
  evaluation: { at: () => "/evaluation" },
  scores: { at: (s) => `/evaluation/${s.evaluations[0]}` },
  compare: { at: (s) => `/evaluation/${s.evaluations[0]}/compare/${s.evaluations[1]}` },
  notifications: { at: () => "/notifications" },
  users: { at: () => "/users" },
  audit: { at: () => "/audit" },
  settings: { at: () => "/settings" },
  checks: { at: () => "/checks" },
  nothing: { at: () => "/no/such/page" },
  setup: { at: () => `/setup?token=${"0".repeat(43)}` },
  login: { at: () => "/", act: logOut },
  refused: { at: () => "/login?error=oidc_no_role" },
};
const looks = ["en", "zh"].flatMap((lang) =>
  ["light", "dark"].flatMap((scheme) => [1440, 390].map((width) => ({ lang, scheme, width }))),
);

// Two looks at a time: one waits for the service while the other is examined.
describe("pages", { skip, concurrency: 2 }, () => {
  let service, browser, seen;
  before(async () => {
    service = await startService();
    browser = await startBrowser();
    const call = await demoClient(service.url);
    seen = await diagnosed(call);
    seen.evidence = (await call("GET", `/incidents/${seen.confirmed.id}/diagnosis`)).causes[0].cites[0];
    seen.failed = await brokenIncident(service.url, call);
    seen.evaluations = [await evaluated(call), await evaluated(call)];
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
      for (const [what, { at, act }] of Object.entries(pages)) {
        await visit(page, service.url + at(seen));
        await act?.(page);
        if (process.env.SCREENS)
          await page.screenshot({ path: `${process.env.SCREENS}/${what}-${name}.png`, animations: "disabled" });
        wrong.push(...(await examine(page, look)).map((w) => `${what}: ${w}`));
      }
      assert.deepEqual(wrong, []);
    });
  }
});

/** What is wrong with what a page shows. */
async function examine(page, look) {
  const wrong = [];
  const { wide, lang } = await page.evaluate(() => {
    const { scrollWidth, clientWidth, lang } = document.documentElement;
    return { wide: scrollWidth - clientWidth, lang };
  });
  if (wide > 1) wrong.push(`${wide} px wider than the screen`);
  if (!lang.startsWith(look.lang)) wrong.push(`the page says that its language is ${lang}`);
  const axe = new AxeBuilder({ page }).setLegacyMode(); // in one page: there are no frames of others
  const found = await axe.options({ runOnly: rules, resultTypes: ["violations"] }).analyze();
  for (const v of found.violations.filter(
    (v) => v.impact === "serious" || v.impact === "critical" || v.id.startsWith("landmark"),
  )) {
    wrong.push(
      `axe: ${v.id}: ${v.help}: ${v.nodes
        .slice(0, 3)
        .map((n) => n.html.slice(0, 160))
        .join(" | ")}`,
    );
  }
  return wrong;
}

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

/** Presses a key that opens a dialog. */
async function press(page, key) {
  await page.keyboard.press(key);
  await page.getByRole("dialog").waitFor();
  await settled(page);
}

/** Logs out, which leads to the form of the log-in. */
async function logOut(page) {
  await page.locator("header button[aria-haspopup=menu]").last().click();
  await page.getByRole("menuitem").last().click();
  await page.locator("main form").waitFor();
  await settled(page);
}

/** An incident whose bundle is one, but for traces that cannot be read: that is seen only when they are. */
async function brokenIncident(url, call) {
  const dir = mkdtempSync(join(tmpdir(), "triagent-e2e-"));
  cpSync(
    fileURLToPath(new URL("../../demo/incidents/iotdb-lab-09dd1b43/incident.json", import.meta.url)),
    join(dir, "incident.json"),
  );
  writeFileSync(join(dir, "traces.jsonl"), "this is no span\n");
  const bundle = execFileSync("tar", ["cz", "-C", dir, "."]);
  rmSync(dir, { recursive: true });
  const session = await fetch(`${url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: '{"demo":true}',
  });
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
