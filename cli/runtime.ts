/**
 * How this program was made.
 *
 * @module
 */

/**
 * From `source`, compiled on Deno's base runtime (`denort`), or bundled with
 * Deno's binary from npm (`npm`): only a bundle is a JavaScript file.
 */
export const RUNTIME: "source" | "denort" | "npm" = Deno.build.standalone
  ? "denort"
  : import.meta.url.endsWith(".ts")
  ? "source"
  : "npm";
