/** The files of `make.ts`, a small part of what `make` reads: targets, what they need, and commands for the shell. */

/** How a target is made. */
export interface Rule {
  readonly target: string
  /** The targets that have to be made before. */
  readonly needs: readonly string[]
  /** Lines for the shell; none: it is made when what it needs is. */
  readonly commands: readonly string[]
}

/** Something is wrong with the file, or with what was asked of it. */
export class MakefileError extends Error {
  override readonly name = 'MakefileError'
}

/** Reads lines `target: need need`, or with several targets, each followed by its commands, which are indented. */
export function parseMakefile(text: string): Map<string, Rule> {
  const rules = new Map<string, Rule>()
  let commands: string[] | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const where = `line ${String(index + 1)}`
    if (/^\s*(?:#|$)/u.test(line)) continue
    if (/^\s/u.test(line)) {
      if (commands === null) throw new MakefileError(`${where}: a command that belongs to no target: ${line.trim()}`)
      commands.push(line.trim())
      continue
    }
    const [, targets, needs = ''] = /^([^:=]+):(?!=)(.*)$/u.exec(line) ?? []
    if (targets === undefined) throw new MakefileError(`${where}: "target: what it needs" was expected, not: ${line}`)
    commands = []
    for (const target of words(targets)) {
      if (rules.has(target)) throw new MakefileError(`${where}: "${target}" has a rule already`)
      rules.set(target, { target, needs: words(needs), commands })
    }
  }
  return rules
}

/** What has to be made for `goals`, each target once, and behind all that it needs. */
export function inOrder(rules: ReadonlyMap<string, Rule>, goals: readonly string[]): Rule[] {
  const found = new Set<Rule>()
  const path: string[] = []
  function visit(target: string): void {
    const rule = rules.get(target)
    if (rule === undefined) {
      const who = path.at(-1)
      throw new MakefileError(`no rule for "${target}"${who === undefined ? '' : `, which "${who}" needs`}`)
    }
    if (path.includes(target))
      throw new MakefileError(`a cycle: ${[...path.slice(path.indexOf(target)), target].join(' -> ')}`)
    if (found.has(rule)) return
    path.push(target)
    rule.needs.forEach(visit)
    path.pop()
    found.add(rule)
  }
  goals.forEach(visit)
  return [...found]
}

function words(text: string): string[] {
  return text.split(/\s+/u).filter(Boolean)
}
