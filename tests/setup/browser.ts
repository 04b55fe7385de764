/**
 * A browser, for the report's page.
 *
 * @module
 */
import { type Browser, chromium } from "playwright-core";
import { isInstalled } from "./where.ts";

/** Where Chromium, or Chrome, is; `undefined` where it is not installed. */
export const CHROMIUM: string | undefined = [
  "/usr/bin/chromium",
  "/usr/bin/google-chrome",
].find(isInstalled);

/** Keeps it quiet on the network; as root in a container it has no sandbox. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts one. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}
