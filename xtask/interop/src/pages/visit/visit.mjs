// Chromium for a script, and what every page is looked at for.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// Requests have to begin with one of `allowed`, which may grow, and what the console says is a complaint but for what
// `expected` matches. Pictures are taken if `images` says where they go.
export async function visit({ modules, chromium, images, allowed, expected }) {
  const require = createRequire(join(modules, "x.js"));
  const puppeteer = require("puppeteer-core");
  const axe = readFileSync(join(modules, "axe-core/axe.min.js"), "utf8");
  const seen = { violations: [], too_wide: [], complaints: [], unreachable: [] };
  const browser = await puppeteer.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
  });
  const page = await browser.newPage();
  page.on("request", (request) => {
    if (!allowed.some((begin) => request.url().startsWith(begin))) seen.complaints.push(`asked for ${request.url()}`);
  });
  page.on("console", (message) => {
    if (!expected.test(message.text())) seen.complaints.push(message.text());
  });

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

  // Everything that can be clicked, filled in or scrolled, but for what is folded away.
  async function reach(name) {
    const places = () =>
      [...document.querySelectorAll("a[href], summary, pre, button, select, textarea, input:not([type=hidden])")].filter(
        (one) => one.checkVisibility(),
      );
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

  async function picture(name, scheme, width, height) {
    if (!images) return;
    const viewport = page.viewport();
    await page.evaluate(() => document.activeElement?.blur());
    await page.setViewport({ width, height, deviceScaleFactor: 1 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: join(images, `${name}.png`) });
    await page.setViewport(viewport);
  }

  // Closes the browser, and prints what was seen as JSON.
  async function end() {
    await browser.close();
    console.log(JSON.stringify(seen));
  }

  return { page, seen, look, reach, picture, end };
}
