/**
 * The systems that executables are made for.
 *
 * @module
 */
import { ROLE_FLAGS } from "../entry_module.ts";

/** A system. */
export type Target = UnixTarget | WindowsTarget;

interface AnyTarget {
  /** Deno's name for it. */
  triple: string;
  /** Its name for people. */
  label: string;
  /** The folder of its executables. */
  folder: string;
  /** The npm package of Deno's own binary for it. */
  runtimePackage: string;
  /** The binary's name in that package. */
  runtimeFile: string;
  /** What has run of its executables that are made with Deno from npm, and where. */
  tried: string;
}

/** A system with a POSIX shell. */
export interface UnixTarget extends AnyTarget {
  /** The suffix of its executables' names. */
  suffix: "";
  /** What `uname -sm` says on it. */
  uname: string;
  /** Where a user's caches are, under the home folder. */
  cache: string;
}

/** Windows. */
export interface WindowsTarget extends AnyTarget {
  /** The suffix of its executables' names. */
  suffix: ".exe";
}

/** What is made but was never run. */
export const NOT_TRIED = "not tried";

/** The systems by their names on the command line. */
export const TARGETS = {
  "linux": {
    triple: "x86_64-unknown-linux-gnu",
    label: "Linux on x86-64",
    folder: "linux",
    suffix: "",
    runtimePackage: "@deno/linux-x64-glibc",
    runtimeFile: "deno",
    uname: "Linux x86_64",
    cache: ".cache",
    tried: "the programs' tests",
  },
  "linux-arm64": {
    triple: "aarch64-unknown-linux-gnu",
    label: "Linux on ARM64",
    folder: "linux-arm64",
    suffix: "",
    runtimePackage: "@deno/linux-arm64-glibc",
    runtimeFile: "deno",
    uname: "Linux aarch64",
    cache: ".cache",
    tried: "start and echo, under QEMU",
  },
  "windows": {
    triple: "x86_64-pc-windows-msvc",
    label: "Windows on x86-64",
    folder: "windows",
    suffix: ".exe",
    runtimePackage: "@deno/win32-x64",
    runtimeFile: "deno.exe",
    tried: "its tests, under Wine",
  },
  "windows-arm64": {
    triple: "aarch64-pc-windows-msvc",
    label: "Windows on ARM64",
    folder: "windows-arm64",
    suffix: ".exe",
    runtimePackage: "@deno/win32-arm64",
    runtimeFile: "deno.exe",
    tried: NOT_TRIED,
  },
  "macos-arm64": {
    triple: "aarch64-apple-darwin",
    label: "macOS on ARM64",
    folder: "macos-arm64",
    suffix: "",
    runtimePackage: "@deno/darwin-arm64",
    runtimeFile: "deno",
    uname: "Darwin arm64",
    cache: "Library/Caches",
    tried: NOT_TRIED,
  },
  "macos-x64": {
    triple: "x86_64-apple-darwin",
    label: "macOS on x86-64",
    folder: "macos-x64",
    suffix: "",
    runtimePackage: "@deno/darwin-x64",
    runtimeFile: "deno",
    uname: "Darwin x86_64",
    cache: "Library/Caches",
    tried: NOT_TRIED,
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
