/**
 * What many programs print, when they run one after the other in few processes (programs/one-by-one.ts).
 */
import { join } from 'node:path'
import { execute } from './processes.ts'

/** What a program has printed, to its end. */
export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

/** Compiled for this run of the tests. */
const RUNNER = join(process.env['GREENLOOP_PROGRAMS'] ?? '', 'test/house/support/programs/one-by-one.js')
/** Stands behind what each program prints. */
const END = /\0end (\w+)\n/u

/** As many processes at a time: the programs wait more than they work. */
const PROCESSES = 3
/** As many programs in a process: few enough for the little that each leaves, and for the time that a process may take. */
const PROGRAMS = 25

/**
 * Runs `programs`. Answers for each what it has printed, or null when that must be seen in a process of its own: it has
 * not come to its end, or has ended the process.
 */
export function runTogether(programs: readonly string[]): ReadonlyMap<string, Promise<Printed | null>> {
  const answers = new Map<string, (printed: Printed | null) => void>()
  const all = programs.map((program) => {
    const printed = new Promise<Printed | null>((resolve) => answers.set(program, resolve))
    return [program, printed] as const
  })
  const rest = [...programs]
  const work = async (): Promise<void> => {
    while (rest.length > 0) await runSome(rest.splice(0, PROGRAMS), answers)
  }
  for (let processes = 0; processes < PROCESSES; processes++) void work()
  return new Map(all)
}

async function runSome(
  programs: readonly string[],
  answers: ReadonlyMap<string, (printed: Printed | null) => void>,
): Promise<void> {
  for (let rest = programs; rest.length > 0; ) {
    const { stdout, stderr } = await execute(process.execPath, [RUNNER, ...rest])
    const [texts, errors] = [stdout.split(END), stderr.split(END)]
    // After each text stands how it has ended; the last one is of the program that has ended the process.
    const ended = Math.min(Math.floor(texts.length / 2), Math.floor(errors.length / 2))
    for (const [place, program] of rest.slice(0, ended + 1).entries()) {
      const isOver = place < ended && texts[place * 2 + 1] === 'over'
      answers.get(program)?.(isOver ? { stdout: texts[place * 2] ?? '', stderr: errors[place * 2] ?? '' } : null)
    }
    rest = rest.slice(ended + 1)
  }
}
