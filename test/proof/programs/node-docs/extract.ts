// Takes a snippet out of the documentation that lies in node_modules: Node's own in the comments of @types/node, that of its fetch in
// undici's pages. Nothing of them is copied into the repository.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Where a snippet is. */
export interface Place {
  /** Below node_modules. */
  readonly file: string
  /** What its code says, and that of no other snippet of the file. */
  readonly words: string
}

/** A replacement in the code: a name for an address, a free port for a fixed one. What is not found is an error. */
export type Swap = readonly [what: string | RegExp, by: string]

/** The code of the snippet, with the swaps made, and the modules that it imports. */
export function extract({ file, words }: Place, swaps: readonly Swap[]): { code: string; modules: readonly string[] } {
  const found = blocks(file).filter((block) => block.includes(words))
  const [code] = found
  if (code === undefined || found.length > 1)
    throw new Error(`${file} has ${found.length} snippets that say ${JSON.stringify(words)}, instead of one.`)
  return withoutImports(swapped(code, file, swaps))
}

function swapped(code: string, file: string, swaps: readonly Swap[]): string {
  let changed = code
  for (const [what, by] of swaps) {
    const before = changed
    changed = changed.replaceAll(what, by)
    if (changed === before) throw new Error(`The snippet of ${file} does not say ${String(what)}.`)
  }
  return changed
}

/** All code of the page, without the stars of a comment. */
function blocks(file: string): string[] {
  const [name = '', scoped = ''] = file.split('/')
  const root = name.startsWith('@') ? `${name}/${scoped}` : name
  const path = join(dirname(require.resolve(`${root}/package.json`)), file.slice(root.length))
  const text = readFileSync(path, 'utf8')
  const code = file.endsWith('.md') ? text : text.replaceAll(/^ *\* ?/gmu, '')
  return [...code.matchAll(/^```m?js\n(.*?)^```$/gmsu)].map(([, block = '']) => block.replaceAll('&#x26;', '&'))
}

/** Imports become names that are given, since the snippet is run as the body of a function. */
function withoutImports(code: string): { code: string; modules: readonly string[] } {
  const modules: string[] = []
  const changed = code.replaceAll(
    /^ *import (?:(\w+)(?:, )?)?(\{[^}]*\})? ?from '([^']+)';?$/gmu,
    (_, whole: string | undefined, some: string | undefined, module: string) => {
      modules.push(module)
      const from = `$modules[${JSON.stringify(module)}]`
      return [
        whole === undefined ? '' : `const ${whole} = ${from}.default;`,
        some === undefined ? '' : `const ${some.replaceAll(' as ', ': ')} = ${from};`,
      ].join(' ')
    },
  )
  return { code: changed, modules }
}
