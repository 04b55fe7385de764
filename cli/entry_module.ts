/**
 * Where a role's program begins.
 *
 * @module
 */
import { fromFileUrl } from "@std/path/from-file-url";
import type { Role } from "./roles.ts";

/** The path of a role's entry module. */
export function entryModule(role: Role): string {
  return fromFileUrl(new URL(`${role.replace("-", "_")}.ts`, import.meta.url));
}
