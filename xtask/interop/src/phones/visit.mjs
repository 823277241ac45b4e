// Visits the onboarding page: node visit.mjs MODULES CHROMIUM URL DOWNLOADS [IMAGES]
// Prints what was seen as JSON, and leaves downloads, and screenshots if it is told where.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [modules, chromium, url, downloads, images] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const puppeteer = require("puppeteer-core");
const axe = readFileSync(join(modules, "axe-core/axe.min.js"), "utf8");

const ANDROID =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

const seen = { violations: [], too_wide: [], complaints: [], unreachable: [], second_answer: 0 };
const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
const page = await browser.newPage();
page.on("request", (request) => {
  if (!request.url().startsWith(url) && !request.url().startsWith("data:")) {
    seen.complaints.push(`asked for ${request.url()}`);
  }
});
page.on("console", (message) => seen.complaints.push(message.text()));

async function look(name) {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    // The page's policy allows no script; the debugger does not ask it.
    await page.evaluate(axe);
    const found = await page.evaluate(() => axe.run(document));
    for (const violation of found.violations) {
      const where = violation.nodes.map((node) => node.target.join(" ")).join(", ");
      seen.violations.push(`${name}, ${scheme}: ${violation.id} at ${where}`);
    }
  }
  const viewport = page.viewport();
  await page.setViewport({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (width > 320) seen.too_wide.push(`${name} is ${width} px wide`);
  await page.setViewport(viewport);
}

async function picture(name, scheme, width, height) {
  if (!images) return;
  await page.evaluate(() => document.activeElement?.blur());
  await page.setViewport({ width, height, deviceScaleFactor: 1 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.screenshot({ path: join(images, `${name}.png`) });
}

// Every link, every fold and whatever can be scrolled, but for what is folded away.
async function reach(name) {
  const places = () => [...document.querySelectorAll("a[href], summary, pre")].filter((one) => one.checkVisibility());
  await page.evaluate(`window.places = ${places}; document.activeElement?.blur()`);
  const count = await page.evaluate(() => places().length);
  const reached = new Set();
  for (let i = 0; i < count + 2; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => places().indexOf(document.activeElement)));
  }
  reached.delete(-1);
  if (reached.size < count) seen.unreachable.push(`${name}: ${reached.size} of ${count}`);
}

async function downloaded(name) {
  for (let i = 0; i < 200; i++) {
    if (readdirSync(downloads).includes(name)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} was not downloaded`);
}

// As whoever sits at the computer.
await page.goto(url);
await look("the first page");
await reach("the first page");
await picture("onboarding", "light", 1000, 760);
await picture("onboarding-dark", "dark", 1000, 760);
// Its address is one for the pictures.
const link = new URL(new URL(await page.$eval("a.link", (a) => a.href)).pathname, url).href;

// As the phone.
await page.setUserAgent({ userAgent: IPHONE });
await page.goto(link);
await picture("onboarding-iphone-dark", "dark", 390, 844);
await page.setUserAgent({ userAgent: ANDROID });
await page.goto(link);
await look("the page of a link");
await picture("onboarding-android", "light", 390, 844);
if ((await page.$eval("main h2 .here", (mark) => mark.closest("h2").id)) !== "android") {
  throw new Error("the steps for Android are not the first");
}
const session = await page.createCDPSession();
await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
await page.click("ul.files a[href='/ca.crt']");
await downloaded("ca.crt");
await page.click("ul.files a[href$='/client_ios.p12']");
await downloaded("client_ios.p12");

const again = await page.goto(link);
seen.second_answer = again.status();
seen.complaints = seen.complaints.filter((text) => !text.includes("status of 410"));
await look("the page of a used link");
await browser.close();
console.log(JSON.stringify(seen));
