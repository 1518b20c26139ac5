/**
 * Runs many programs in one process, one after the other: the next one begins when Node would end the process, since nothing is left to do.
 *
 * So a program costs neither a start of Node nor a load of the library. What each prints ends with a line of its own, on both streams; that
 * line says whether its module has come to its end, and well. A program that ends the process, or changes what the next one finds, has no
 * place here.
 */
import { getHub } from 'greenloop'

/** Begins the line behind each program; ../batch.ts looks for it. */
const END = '\u0000end'

const programs = process.argv.slice(2)
let isOver = true
let isRunning = false

function next(): void {
  if (isRunning) {
    const isWell = isOver && process.exitCode === undefined
    const line = `${END} ${isWell ? 'over' : 'otherwise'}\n`
    process.stdout.write(line)
    process.stderr.write(line)
  }
  const program = programs.shift()
  isRunning = program !== undefined
  if (program === undefined) return
  isOver = false
  process.exitCode = undefined
  void import(program).then(() => {
    isOver = true
  })
}

// Its listener comes first, so who waits until nothing is left, or in vain, has heard of that.
getHub()
process.on('beforeExit', next)
