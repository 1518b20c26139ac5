/**
 * The code blocks of a page, and what each says that it prints.
 *
 * A `ts` block prints what stands in the `text` block that follows it. Without one it prints the comments behind its `console.log` lines,
 * in their order, and then those that end the block. It prints nothing else. `ts exit=130` says how its process ends. `ts file=bank.ts` is a
 * file of that name, whose lines are those that it prints; one that is a test prints what is said among other things.
 *
 * In expected output `<n>` stands for a number, `<n...>` for several, a run of three or more `#` or `.` and an axis `|---|--` for one of
 * any length; any run of spaces counts as one.
 */

/** A fenced block of a Markdown page. */
export interface Fence {
  /** The line of the page, from 1. */
  line: number
  /** `ts`, `text`, `sh`. */
  language: string
  /** What follows the language: `exit=130`. */
  info: string
  code: string
}

/** A `ts` block with what it must do. */
export interface Block {
  /** Where it stands: `README.md:20`. */
  name: string
  code: string
  expected: string
  exitCode: number
  /** The name of the file that it is; null: any. */
  file: string | null
}

/** The fenced blocks of a page, in order. */
export function fencesOf(page: string): Fence[] {
  const fences: Fence[] = []
  for (const match of page.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gmu)) {
    const [, language = '', info = '', code = ''] = match
    fences.push({ line: page.slice(0, match.index).split('\n').length, language, info, code })
  }
  return fences
}

/** The `ts` blocks among `fences`, each with its expected output. */
export function blocksOf(file: string, fences: readonly Fence[]): Block[] {
  return fences.flatMap(({ line, language, info, code }, place) => {
    if (language !== 'ts') return []
    const next = fences[place + 1]
    return {
      name: `${file}:${line}`,
      code,
      expected: next?.language === 'text' ? next.code : commentsOf(code),
      exitCode: Number(/exit=(\d+)/u.exec(info)?.[1] ?? 0),
      file: /file=(\S+)/u.exec(info)?.[1] ?? null,
    }
  })
}

/** The comments that stand for output. */
function commentsOf(code: string): string {
  const lines = code.trimEnd().split('\n')
  const lastOfCode = lines.findLastIndex((line) => !/^\s*\/\//u.test(line))
  const behind = lines.flatMap((line) => (line.includes('console.log(') ? (/ \/\/ (.*)$/u.exec(line)?.[1] ?? []) : []))
  return [...behind, ...lines.slice(lastOfCode + 1).map((line) => line.replace(/^\s*\/\/ ?/u, ''))].join('\n')
}

/** Output as it is compared. */
export function normal(output: string): string {
  const lines = output.split('\n').map((line) => line.replace(/\s+/gu, ' ').trim())
  return lines.join('\n').trim()
}

/** Matches {@link normal} output that is, or with `part` contains, what `expected` says. */
export function pattern(expected: string, part = false): RegExp {
  const source = normal(expected).replace(/<n\.\.\.>|<n>|#{3,}|\.{3,}|\|-{2,}[|-]*|[\\^$.*+?()[\]{}|/]/gu, (token) => {
    if (token === '<n...>') return '\\d+(?: \\d+)*'
    if (token === '<n>') return '\\d+(?:\\.\\d+)?'
    if (token.startsWith('|-')) return '[|\\-]+'
    if (token.startsWith('#')) return '#+'
    if (token.length >= 3) return '\\.+'
    return `\\${token}`
  })
  return new RegExp(part ? source : `^${source}$`, 'u')
}
