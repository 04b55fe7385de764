/**
 * Programs that carry their own text, to run it in further threads: see
 * `cli/threads.ts`.
 *
 * @module
 */
import { OWN_TEXT, UNEVEN } from "../../cli/threads.ts";
import { ROLE_ENVIRONMENT } from "../entry_module.ts";

/**
 * A program that carries its own text.
 *
 * @param program The text of a bundle.
 */
export function withOwnText(program: string): string {
  return `globalThis.${OWN_TEXT}=${JSON.stringify(program)};\n${program}`;
}

/**
 * The same for a file that cannot set its own environment.
 *
 * @param program The text of a program that carries its own text.
 */
export function startedUneven(program: string): string {
  return `globalThis.${UNEVEN}=true;\n${program}`;
}

/** The environment that a role is started with, as a file for `--env-file`. */
export const ENVIRONMENT_FILE: string = Object.entries(ROLE_ENVIRONMENT)
  .map(([name, value]) => `${name}=${value}\n`).join("");
