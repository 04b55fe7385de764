/// <reference lib="dom" />
/**
 * Making elements. Text is only ever added as text, so that nothing in the data
 * can become markup.
 *
 * @module
 */

type Properties<Name extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[Name], "innerHTML" | "outerHTML" | "style">
>;

/** Makes an element. */
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
