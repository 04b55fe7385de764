/// <reference lib="dom" />
/**
 * A choice of one of several.
 *
 * @module
 */
import { element } from "./dom.ts";

let made = 0;

/**
 * Creates the choice.
 *
 * @param legend What is chosen.
 * @param options The values, and what each is called.
 * @param chosen The one that is chosen at first.
 * @param onChange Called with what is chosen.
 */
export function choices<T>(
  legend: string,
  options: readonly (readonly [value: T, text: string])[],
  chosen: T,
  onChange: (value: T) => void,
): HTMLElement {
  const name = `choice-${made++}`;
  return element(
    "fieldset",
    { className: "choices" },
    element("legend", {}, legend),
    ...options.map(([value, text]) =>
      element(
        "label",
        {},
        element("input", {
          type: "radio",
          name,
          checked: value === chosen,
          onchange: () => onChange(value),
        }),
        text,
      )
    ),
  );
}
