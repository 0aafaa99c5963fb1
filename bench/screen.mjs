// Measures how long it takes from a change until the list of incidents shows it,
// in a real browser: an incident is renamed, or an alert opens one, and the page
// is watched until a row says so.
//
//   node bench/screen.mjs http://127.0.0.1:8080 DATA [changes=40] [most_ms=500]
//
// DATA is the folder that bench/seed filled: it holds a session and a token.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { browserPath, startBrowser } from "../web/e2e/service.js";

const [url, data, changes = "40", most = "500"] = process.argv.slice(2);
if (!url?.startsWith("http://127.0.0.1:") || !data) {
  console.error("screen: name the service, on 127.0.0.1, and the folder of its data");
  process.exit(2);
}
if (!browserPath) {
  console.log("screen: not measured, no Chromium is installed");
  process.exit(0);
}
const firstLine = (file) => readFileSync(join(data, file), "utf8").split("\n")[0];
const token = firstLine("token.txt");

/** Asks the service; throws where it does not do what it is asked. */
async function call(method, path, body, headers = {}) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Resolves with the time at which a text is painted in the page; waits half a minute at most. */
const shown = (page, text) =>
  page.evaluate(
    (text) =>
      new Promise((resolve) => {
        const there = () => document.querySelector("main")?.textContent.includes(text);
        const painted = () => requestAnimationFrame(() => resolve(Date.now()));
        if (there()) return painted();
        const looks = new MutationObserver(() => {
          if (!there()) return;
          looks.disconnect();
          painted();
        });
        looks.observe(document.body, { subtree: true, childList: true, characterData: true });
        setTimeout(() => resolve(0), 30_000);
      }),
    text,
  );

const rename = (items) => (n, mark) => call("PATCH", `/incidents/${items[n % items.length].id}`, { title: mark }, { "If-Match": "*" });

const fire = (_, mark) =>
  call("POST", "/hooks/alertmanager", {
    version: "4",
    status: "firing",
    receiver: "triagent",
    groupKey: `{}:{alertname="${mark}"}`,
    alerts: [
      {
        status: "firing",
        labels: { alertname: mark, instance: `${mark}:9100`, cluster: mark },
        annotations: { summary: "a made alert" },
        startsAt: new Date().toISOString(),
        endsAt: "0001-01-01T00:00:00Z",
        fingerprint: mark,
      },
    ],
  });

const at = (sorted, q) => sorted[Math.floor(q * (sorted.length - 1))];

async function measure(page, what, change) {
  const took = [];
  for (let n = 0; n < Number(changes); n++) {
    const mark = `bench-${Date.now()}-${n}`;
    const seen = shown(page, mark);
    await page.evaluate(() => 0); // the page watches by now
    const start = Date.now();
    await change(n, mark);
    const when = await seen;
    if (!when) throw new Error(`${what}: not shown within 30 s`);
    took.push(when - start);
    await new Promise((r) => setTimeout(r, 250));
  }
  took.sort((a, b) => a - b);
  console.log(`${what}, until its row is painted: p50 ${at(took, 0.5)}ms p95 ${at(took, 0.95)}ms max ${at(took, 1)}ms`);
  return at(took, 0.95) <= Number(most);
}

const browser = await startBrowser();
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale: "en-GB" });
  await context.addCookies([{ name: "triagent_session", value: firstLine("sessions.txt"), url }]);
  const page = await context.newPage();
  await page.goto(`${url}/`);
  const { items } = await call("GET", "/incidents?limit=10");
  await page.getByText(items[0].title, { exact: false }).first().waitFor({ timeout: 30_000 });
  await page.waitForTimeout(1000);
  const ok = [
    await measure(page, "a renamed incident", rename(items.slice(0, 5))),
    await measure(page, "an alert that opens an incident", fire),
  ];
  if (ok.includes(false)) {
    console.error(`screen: later than the ${most} ms that are promised`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
}
