/**
 * Elements, made in one expression. Text goes in as text, never as markup: names come from programs.
 */

/** Null and undefined leave an attribute out. */
export type Attributes = Readonly<Record<string, string | number | null | undefined>>

/** An element of HTML. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = set(document.createElement(tag), attributes)
  element.append(...children)
  return element
}

/** An element of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = set(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes)
  element.append(...children)
  return element
}

/** Sets attributes. */
export function set<E extends Element>(element: E, attributes: Attributes): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) element.removeAttribute(name)
    else element.setAttribute(name, String(value))
  }
  return element
}

/** Puts `text` on the clipboard, as far as the page may, and says so on `button` for a moment. */
export function copyButton(text: string): HTMLButtonElement {
  const button = html('button', { type: 'button', class: 'copy', title: `Copy ${text}` }, 'Copy')
  button.addEventListener('click', () => {
    const done = (word: string): void => {
      button.textContent = word
      setTimeout(() => {
        button.textContent = 'Copy'
      }, 1200)
    }
    navigator.clipboard.writeText(text).then(
      () => done('Copied'),
      () => done('Not allowed'),
    )
  })
  return button
}
