/** What the examples that are tools have in common: how they read a number, and how they end when something is wrong. */

/** The integer that an option was given. @throws when it is none, or below `least`. */
export function countOf(option: string, value: string, least: number): number {
  const count = Number(value)
  if (/^\d+$/u.test(value) && count >= least) return count
  throw new Error(`${option} expects an integer, ${String(least)} or more, but got '${value}'`)
}

/** Says what is wrong with the command line, and how it is to be, and ends the program with 2. */
export function refuse(usage: string, problem: unknown): never {
  console.error(`${problem instanceof Error ? problem.message : String(problem)}\nUsage: ${usage}`)
  process.exit(2)
}

/** Says what has gone wrong, and has the program end with 1. */
export function giveUp(problem: unknown): void {
  console.error(String(problem))
  process.exitCode = 1
}
