// The way through the page that people on call take, in a real browser: find
// the incident, read it, follow a claim to its raw data, say whether it is right,
// hand in a bundle and watch it being diagnosed; and what happens when the
// connection or the session is lost.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import { demoClient, diagnosed, openPage, settled, skip, startBrowser, startService, visit } from "./service.js";

const recorded = fileURLToPath(new URL("../../demo/incidents", import.meta.url));

describe("the main path", { skip, concurrency: false }, () => {
  let service, browser, seen, call, dir;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "triagent-e2e-"));
    service = await startService();
    browser = await startBrowser();
    call = await demoClient(service.url);
    seen = await diagnosed(call);
  });
  after(async () => {
    await browser?.close();
    await service?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const open = async (t, look) => {
    const { context, page, wrong } = await openPage(browser, service.url, look);
    t.after(() => context.close());
    page.setDefaultTimeout(15_000);
    await visit(page, service.url);
    await page.goto(service.url); // a log-in leads to where the guest was last
    await settled(page);
    return { context, page, wrong };
  };

  test("the list is searched and walked by keyboard", async (t) => {
    const { page, wrong } = await open(t);
    await page.keyboard.press("/");
    await page.keyboard.type(seen.confirmed.headline.node);
    await page.waitForURL(/q=/);
    await page.getByText(seen.confirmed.id, { exact: false }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.goto(service.url);
    await settled(page);
    await page.getByText("inc-10", { exact: false }).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/incidents\/inc-\d+/);
    assert.deepEqual(wrong, []);
  });

  test("a claim leads to its evidence and to the raw line", async (t) => {
    const { page, wrong } = await open(t);
    await page.goto(`${service.url}/incidents/${seen.confirmed.id}`);
    await settled(page);
    await page.locator("main").getByText(seen.confirmed.headline.node).first().waitFor();
    await page.locator("main").getByText(seen.confirmed.headline.fault_name).first().waitFor();
    await page.getByRole("button", { name: /E\d+/ }).first().click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Where it comes from").waitFor();
    assert.match(await drawer.innerText(), /\.(csv|log|jsonl)/);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "hidden" });
    for (const tab of [/Logs/, /Traces/, /Events/, /Metrics/]) {
      await page.getByRole("tab", { name: tab }).click();
      await settled(page);
    }
    assert.deepEqual(wrong, []);
  });

  test("a link shows what its sender saw", async (t) => {
    const { page } = await open(t);
    await page.goto(`${service.url}/incidents/${seen.confirmed.id}`);
    await settled(page);
    await page.getByRole("tab", { name: /Logs/ }).click();
    await page.getByRole("button", { name: /E\d+/ }).first().click();
    await page.getByRole("dialog").getByText("Where it comes from").waitFor();
    const link = page.url();
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("dialog").getByText("Where it comes from").waitFor();
    assert.equal(
      await page.getByRole("tab", { name: /Logs/, includeHidden: true }).getAttribute("aria-selected"),
      "true",
    );
  });

  test("what a person says of a diagnosis is kept", async (t) => {
    const { page, wrong } = await open(t);
    await page.goto(`${service.url}/incidents/${seen.confirmed.id}`);
    await settled(page);
    await page.getByRole("button", { name: "Yes", exact: true }).click();
    await page.getByText("Noted. Thank you.").first().waitFor();
    const { items } = await call("GET", `/incidents/${seen.confirmed.id}/feedback`);
    assert.equal(items[0].verdict, "right");
    await page.getByText("Demo says that it is right").first().waitFor();
    await page.getByRole("button", { name: "No", exact: true }).click();
    await page.getByLabel("Nothing was wrong").check();
    await page.getByLabel("Note").fill("a drill");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/says that it is wrong Nothing was wrong “a drill”/).waitFor();
    assert.deepEqual(wrong, []);
  });

  test("a report is downloaded", async (t) => {
    const { page } = await open(t);
    await page.goto(`${service.url}/incidents/${seen.confirmed.id}`);
    await settled(page);
    await page.getByRole("button", { name: "Share" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: "Diagnosis as JSON" }).click(),
    ]);
    assert.match(download.suggestedFilename(), /\.json$/);
  });

  test("a bundle that is handed in is diagnosed before one's eyes", async (t) => {
    const { page, wrong } = await open(t);
    const file = join(dir, "handed-in.tar.gz");
    execFileSync("tar", ["czf", file, "--exclude=truth.json", "-C", join(recorded, "iotdb-lab-66c43546"), "."]);
    await page.getByRole("button", { name: "Upload a bundle" }).first().click();
    const [chooser] = await Promise.all([
      page.waitForEvent("filechooser"),
      page.getByRole("button", { name: "Choose files" }).click(),
    ]);
    await chooser.setFiles(file);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await page.waitForURL(/\/incidents\/inc-\d+/);
    await page
      .getByText(/Node down/i)
      .first()
      .waitFor();
    assert.deepEqual(wrong, []);
  });

  test("a service that goes away is missed, and found again by itself", async (t) => {
    const data = ["--data", join(dir, "kept")];
    let mine = await startService("demo", ...data);
    t.after(() => mine.stop());
    const { context, page } = await openPage(browser, mine.url);
    t.after(() => context.close());
    page.setDefaultTimeout(40_000);
    await visit(page, mine.url);
    await page.getByText("inc-1", { exact: false }).first().waitFor();
    await mine.stop();
    await page.getByText("No connection.").waitFor();
    await page.getByText("inc-1", { exact: false }).first().waitFor(); // what was there stays
    mine = await startService("demo", ...data, "--listen", new URL(mine.url).host);
    await page.getByText("No connection.").waitFor({ state: "hidden" });
    await page.getByText("inc-1", { exact: false }).first().waitFor();
  });

  test("an incident that comes in is seen without a reload", async (t) => {
    const { page } = await open(t);
    const { title } = await call("POST", "/incidents", { title: `disk of node ${Date.now()}`, nodes: ["node-9"] });
    await page.getByText(title).first().waitFor({ timeout: 10_000 });
  });
});

describe("the first start", { skip, concurrency: false }, () => {
  test("the link makes an admin, who logs out and in again", async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "triagent-e2e-"));
    const service = await startService("serve", "--data", dir);
    const browser = await startBrowser();
    t.after(async () => {
      await browser.close();
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    const { page, wrong } = await openPage(browser, service.url);
    page.setDefaultTimeout(15_000);
    await page.goto(service.url);
    await page.getByText("No admin yet").waitFor();
    await page.goto(service.link);
    await page.getByLabel("User name").fill("admin");
    for (const field of [/^Password(?! again)/, /^Password again/])
      await page.getByLabel(field).first().fill("correct horse battery staple");
    await page.getByRole("button", { name: "Create and log in" }).click();
    await page.getByText("No incident yet").waitFor();
    await page.getByRole("button", { name: /Account of/ }).click();
    await page.getByRole("menuitem", { name: "Log out" }).click();
    await page.getByLabel("User name").fill("admin");
    await page
      .getByLabel(/^Password/)
      .first()
      .fill("not the password");
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByRole("alert").first().waitFor();
    await page
      .getByLabel(/^Password/)
      .first()
      .fill("correct horse battery staple");
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page.getByText("No incident yet").waitFor();
    assert.deepEqual(wrong, []);
  });
});
