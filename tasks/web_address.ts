/**
 * Addresses on the web, as options of tasks take them.
 *
 * @module
 */
import { UsageError } from "../cli/command_line/values.ts";

/** An `https` address, without a slash at its end. */
export function webAddress(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol !== "https:" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      `"${text}" is not an address on the web: write https://host/path`,
    );
  }
  return url.href.replace(/\/+$/, "");
}
