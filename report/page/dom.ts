/// <reference lib="dom" />
/**
 * Creating elements. Text is only added as text, so that no data becomes markup.
 *
 * @module
 */

type Properties<Name extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[Name], "innerHTML" | "outerHTML" | "style">
>;

/** Creates an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Properties<Name>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  Object.assign(made, properties);
  made.append(...children);
  return made;
}

/** A table in a box that scrolls, also from the keyboard. */
export function scrolling(label: string, table: HTMLElement): HTMLElement {
  return element(
    "div",
    { className: "table", tabIndex: 0, role: "region", ariaLabel: label },
    table,
  );
}
