/**
 * The systems that executables are made for.
 *
 * @module
 */
import { ROLE_FLAGS } from "../entry_module.ts";

/** What is known of a system. */
export interface Target {
  /** Deno's name of it. */
  triple: string;
  /** The folder of its executables. */
  folder: string;
  /** What its executables' names end with. */
  suffix: string;
  /** The npm package that carries Deno's own binary for it. */
  runtimePackage: string;
  /** The binary's name in that package. */
  runtimeFile: string;
}

/** The systems by the names that the command line knows. */
export const TARGETS = {
  linux: {
    triple: "x86_64-unknown-linux-gnu",
    folder: "linux",
    suffix: "",
    runtimePackage: "@deno/linux-x64-glibc",
    runtimeFile: "deno",
  },
  windows: {
    triple: "x86_64-pc-windows-msvc",
    folder: "windows",
    suffix: ".exe",
    runtimePackage: "@deno/win32-x64",
    runtimeFile: "deno.exe",
  },
} satisfies Record<string, Target>;

/** How Deno runs a bundle wherever it lies, with nothing but the role's flags. */
export const RUN_BUNDLE = [
  "run",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  ...ROLE_FLAGS,
];
