// An operator visits the console: node visit.mjs MODULES CHROMIUM ORIGIN [IMAGES]
// Prints what was seen as JSON, and leaves screenshots if it is told where.

import { createServer } from "node:http";

import { visit } from "../visit/visit.mjs";

const [modules, chromium, origin, images] = process.argv.slice(2);
const allowed = [origin];
// That a page was refused is what the visit is about in places.
const expected = /status of 4\d\d/;
const visited = await visit({ modules, chromium, images, allowed, expected });
const { page, seen, picture } = visited;
await page.setViewport({ width: 1100, height: 760 });

async function look(name) {
  await visited.look(name);
  await visited.reach(name);
}

const open = (path) => page.goto(`${origin}${path}`);
const click = (selector, options) => Promise.all([page.waitForNavigation(), page.click(selector, options)]);
const text = (selector) => page.$eval(selector, (one) => one.textContent.trim());
async function must(words) {
  const all = await text("main");
  if (!all.includes(words)) throw new Error(`no "${words}" at ${page.url()}: ${all}`);
}

// Lists.
await open("/");
await look("certificates");
await picture("console", "light", 1100, 760);
for (const path of ["/requests", "/requests?all=yes", "/tokens", "/expiring?within=720", "/audit", "/audit/verification", "/cas", "/revoke", "/nothing"]) {
  await open(path);
  await look(path);
}

// A search.
await open("/certificates");
await page.type("#q", "carol");
await click("form[role=search] button");
seen.found = await page.$$eval("tbody th a", (links) => links.map((one) => one.textContent));

// What waits.
async function decide(name, form) {
  await open("/requests");
  await click(`tbody th a::-p-text(${name})`);
  await look(`the request of ${name}`);
  await form();
}
await decide("sensor-7", async () => {
  await click("form[action$='/approve'] button");
  await must("approved");
});
await decide("sensor-8", async () => {
  await page.type("#reason", "this device was returned to its owner");
  await click("form[action$='/deny'] button");
  await must("denied");
});
await look("a request that was denied");

// A token, by a double click.
await open("/tokens");
await page.type("#names", "sensor-9");
await click("form[action$='/tokens'] button", { count: 2 });
await page.waitForSelector("#token");
seen.token = await text("#token");
await look("a new token");

// What another site can do.
const evil = createServer((_, response) => {
  const fields = ["profile=client", "any=yes", "uses=1", "life=1h", "ticket=x"].map((field) => field.split("="));
  const inputs = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("");
  response.setHeader("content-type", "text/html");
  response.end(`<link rel="icon" href="data:,"><form method="post" action="${origin}/tokens">${inputs}<button>Win a prize</button></form>`);
});
await new Promise((listening) => evil.listen(0, "127.0.0.1", listening));
const elsewhere = `http://127.0.0.1:${evil.address().port}/`;
allowed.push(elsewhere);
await page.goto(elsewhere);
const [answer] = await click("button");
seen.foreign = answer.status();
evil.close();

// Revoking.
async function certificate(name) {
  await open(`/certificates?q=${name}`);
  await click("tbody th a");
}
async function dry_run(name) {
  await certificate(name);
  await click(".actions a");
  await must("1 certificate would be revoked");
}
await certificate("bob");
await look("a certificate");
await dry_run("bob");
await look("a dry run");
await picture("console-dark", "dark", 1100, 760);
await certificate("bob");
seen.after_dry_run = await text(".head .state");
await dry_run("bob");
await page.select("#reason", "cessationOfOperation");
await click(".confirm button");
await must("Nothing is left to revoke");
await look("after revoking");

// The operator's own certificate, last.
await dry_run("alice");
await must("Your own certificate is among them");
await Promise.all([page.waitForNavigation(), page.click(".confirm button")]);
const after = await open("/certificates");
seen.revoked = after.status();
await must("Your certificate is revoked");
await look("the refusal of a revoked operator");
await visited.end();
