// Visits the onboarding page: node visit.mjs MODULES CHROMIUM URL DOWNLOADS [IMAGES]
// Prints what was seen as JSON, and leaves downloads, and screenshots if it is told where.

import { readdirSync } from "node:fs";

import { visit } from "../visit/visit.mjs";

const [modules, chromium, url, downloads, images] = process.argv.slice(2);

const ANDROID =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

// That a link is used up is what the visit ends with.
const expected = /status of 410/;
const visited = await visit({ modules, chromium, images, allowed: [url, "data:"], expected });
const { page, seen, look, reach, picture } = visited;

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
await look("the page of a used link");
await visited.end();
