/**
 * The part of `fmt/colors` that is used here: its package carries no types.
 *
 * @module
 */

/** Switches colours on or off. */
export function setColorEnabled(enabled: boolean): void;
/** Bold text. */
export function bold(text: string): string;
/** Dim text. */
export function dim(text: string): string;
/** Green text. */
export function green(text: string): string;
/** Red text. */
export function red(text: string): string;
/** Yellow text. */
export function yellow(text: string): string;
