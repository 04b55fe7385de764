/**
 * Programs for files that cannot set their own environment: see
 * `cli/own_thread.ts`.
 *
 * @module
 */
import { OWN_TEXT } from "../../cli/own_thread.ts";
import { ROLE_ENVIRONMENT } from "../entry_module.ts";

/**
 * A program that carries its own text, so that it can run in a thread of its own.
 *
 * @param program The text of a bundle.
 */
export function withOwnText(program: string): string {
  return `globalThis.${OWN_TEXT}=${JSON.stringify(program)};\n${program}`;
}

/** The environment that a role is started with, as a file for `--env-file`. */
export const ENVIRONMENT_FILE: string = Object.entries(ROLE_ENVIRONMENT)
  .map(([name, value]) => `${name}=${value}\n`).join("");
