/**
 * The systems that executables are made for.
 *
 * @module
 */
import { ROLE_FLAGS } from "../entry_module.ts";

/** A system. */
export interface Target {
  /** Deno's name for it. */
  triple: string;
  /** The folder of its executables. */
  folder: string;
  /** The suffix of its executables' names. */
  suffix: string;
  /** The npm package of Deno's own binary for it. */
  runtimePackage: string;
  /** The binary's name in that package. */
  runtimeFile: string;
}

/** The systems by their names on the command line. */
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

/** Arguments that run a bundle in any folder, with only the role's flags. */
export const RUN_BUNDLE = [
  "run",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  ...ROLE_FLAGS,
];
