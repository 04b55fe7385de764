/**
 * The page's program and style, bundled from their sources.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";

/** What a page contains beside its data. */
export interface PageAssets {
  /** Its program, one module of JavaScript. */
  script: string;
  /** Its style sheet. */
  style: string;
}

/**
 * Bundles the page's program and style, the libraries included. This runs
 * `deno bundle`: it needs `--allow-run`, `--allow-read` and `--allow-write`.
 *
 * @throws {Error} With what Deno says, where that fails.
 */
export async function bundlePage(): Promise<PageAssets> {
  const entry = new URL("./page/main.ts", import.meta.url);
  const folder = await Deno.makeTempDir({ prefix: "echosounder-" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--platform",
        "browser",
        "--minify",
        "--outdir",
        folder,
        entry.protocol === "file:" ? fileURLToPath(entry) : entry.href,
      ],
      cwd: entry.protocol === "file:"
        ? fileURLToPath(new URL(".", entry))
        : undefined,
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) {
      const reason = new TextDecoder().decode(stderr).trim();
      throw new Error(`the page's program cannot be bundled: ${reason}`);
    }
    const [script, style] = await Promise.all(
      ["main.js", "main.css"].map((name) =>
        Deno.readTextFile(join(folder, name))
      ),
    );
    return { script, style };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
