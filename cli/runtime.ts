/**
 * How this program was made.
 *
 * @module
 */

/**
 * From `source`, compiled on Deno's base runtime (`denort`), bundled with Deno's
 * binary from npm in one file (`npm`), or installed (`package`): the bundles of
 * these two are named `.js` and `.mjs`.
 */
export const RUNTIME: "source" | "denort" | "npm" | "package" =
  Deno.build.standalone
    ? "denort"
    : import.meta.url.endsWith(".ts")
    ? "source"
    : import.meta.url.endsWith(".mjs")
    ? "package"
    : "npm";
