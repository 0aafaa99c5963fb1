// What the tests share: the real program with its recorded incidents on a free
// port, and a real Chromium in front of it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const repo = fileURLToPath(new URL("../..", import.meta.url));
const program = process.env.TRIAGENT ?? `${repo}bin/triagent`;

const browsers = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];

/** The browser's program, or why the tests cannot run. */
export const browserPath = browsers.find((p) => p && existsSync(p));
export const skip = browserPath
  ? false
  : "no Chromium is installed: on Debian it is the package chromium; or name it in CHROMIUM";

/** Starts the program and resolves once it says where its page is. */
export async function startService(command = "demo", ...more) {
  const listen = more.includes("--listen") ? [] : ["--listen", "127.0.0.1:0"];
  const child = spawn(program, [command, ...listen, ...more], { stdio: ["ignore", "inherit", "pipe"] });
  const said = await new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (b) => {
      text += b;
      if (/http:\/\/127\.0\.0\.1:\d+\S*\s/.test(text)) resolve(text);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${program} ended with ${code}: ${text}`)));
  });
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)[0];
  const link = /http:\/\/\S*\/setup\?token=\S+/.exec(said)?.[0];
  const stop = () =>
    new Promise((resolve) => {
      child.removeAllListeners("exit");
      child.on("exit", resolve);
      child.kill("SIGTERM");
    });
  return { url, link, stop };
}

export function startBrowser() {
  return chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
}

/** A client of the REST API that is logged in to the demonstration. */
export async function demoClient(url) {
  const opened = await fetch(`${url}/api/v1/session`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ demo: true }),
  });
  const cookie = opened.headers.getSetCookie()[0].split(";")[0];
  const { csrf } = await opened.json();
  return async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { Cookie: cookie, "X-CSRF-Token": csrf, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  };
}

/** Asks until ok says yes, for a minute at most. */
export async function until(what, ok) {
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    if (await ok()) return;
    await new Promise((r) => setTimeout(r, 200));
  }
  throw new Error(`in a minute it did not come about that ${what}`);
}

/** The recorded incidents once all are diagnosed, by verdict. */
export async function diagnosed(call) {
  let items = [];
  await until("all recorded incidents are diagnosed", async () => {
    items = (await call("GET", "/incidents?limit=50")).items;
    return items.length >= 10 && items.every((i) => i.progress === "done");
  });
  const one = (verdict) => items.find((i) => i.headline.verdict === verdict);
  return { items, confirmed: one("confirmed"), inconclusive: one("inconclusive"), healthy: one("healthy") };
}

/** A page in one look; it counts what goes wrong in it. */
export async function openPage(browser, url, { lang = "en", scheme = "light", width = 1440 } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width < 700 ? 844 : 1000 },
    colorScheme: scheme,
    locale: lang === "zh" ? "zh-CN" : "en-GB",
    timezoneId: "Europe/Berlin",
    reducedMotion: "reduce",
    acceptDownloads: true,
  });
  await context.addInitScript((lang) => {
    localStorage.setItem("triagent.lang", lang);
    sessionStorage.setItem("triagent.restored", "1"); // the plain address is the list, not where the guest was last
  }, lang);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (e) => wrong.push(`error in the page: ${e.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of (401|404)/.test(m.text())) wrong.push(`console: ${m.text()}`);
  });
  page.on("request", (r) => {
    if (!r.url().startsWith(url) && !r.url().startsWith("data:") && !r.url().startsWith("blob:"))
      wrong.push(`asks another host: ${r.url()}`);
  });
  return { context, page, wrong };
}

/** Waits until what a page shows has come and stands still: by what is there, not by time. */
export async function settled(page) {
  await page.waitForLoadState("load");
  await page.waitForFunction(
    () => {
      const here = document.querySelector("main h1, [role=dialog] h2, main form") !== null;
      const busy = document.querySelector("[class*=Skeleton], [aria-busy=true], [data-wait]") !== null;
      const now = document.body.innerHTML.length;
      const still = now === window.triagentSeen;
      window.triagentSeen = now;
      return here && !busy && still;
    },
    null,
    { timeout: 60_000, polling: 120 },
  );
}

/** Opens an address; the demonstration lets its visitors in by itself. */
export async function visit(page, url) {
  await page.goto(url);
  await settled(page);
}
