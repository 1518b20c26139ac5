/**
 * The `Link` header: where the next page is.
 *
 * Read as RFC 8288 has it: quoted parameters may hold commas and semicolons, names count in any case, the first of two same ones counts.
 *
 * Stands on nothing.
 *
 * @see Python: `requests.Response.links`
 */

/** One target of a `Link` header, with its parameters. */
export interface Link {
  /** As the header has it: may be relative to the page. */
  readonly url: string
  /** What it is to the page: `next`. */
  readonly rel?: string
  /** The other parameters, by name in lower case. */
  readonly [parameter: string]: string | undefined
}

const TARGET = /[,\s]*<([^>]*)>/uy
const PARAMETER = /\s*;\s*([^\s=;,"<>]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/uy
const EMPTY = /\s*;/uy

/** Gives the links of a header by their `rel`, or by their target where there is none; of two the last. Reads up to what is no link. */
export function parseLinks(header: string | undefined): Record<string, Link> {
  const links: Record<string, Link> = {}
  if (header === undefined) return links
  let at = 0
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(header)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  for (let target = next(TARGET); target !== null; target = next(TARGET)) {
    const parameters = new Map<string, string>()
    for (;;) {
      const parameter = next(PARAMETER)
      if (parameter === null) {
        if (next(EMPTY) === null) break
        continue
      }
      const [, name = '', quoted, bare = ''] = parameter
      const key = name.toLowerCase()
      if (key !== 'url' && !parameters.has(key)) parameters.set(key, quoted?.replaceAll(/\\(.)/gu, '$1') ?? bare)
    }
    const link: Link = { url: target[1] ?? '', ...Object.fromEntries(parameters) }
    // defineProperty: a server may call it `__proto__`.
    Object.defineProperty(links, link.rel ?? link.url, {
      value: link,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return links
}
