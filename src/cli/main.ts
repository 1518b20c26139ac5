#!/usr/bin/env node
/**
 * `greenloop`: the entry of the command line.
 *
 * A program must be patched by the copy of the library that it imports. Where that is another one than this, as for a command that was
 * installed globally, the command line of that copy takes over, with all its options, before anything of this one has been loaded but the
 * search. Stands on `package.ts`; all else is in `command.ts`.
 */
import { otherCopy } from './package.ts'
import { findProgram } from './program.ts'

/** Options of `run` have their values behind `=`: the first word that is none is the program, or the one behind `--`. */
function programOf([command, ...words]: readonly string[]): string | undefined {
  if (command !== 'run') return undefined
  return words.find((word, place) => !word.startsWith('-') || words[place - 1] === '--')
}

async function main(args: readonly string[]): Promise<void> {
  const name = programOf(args)
  const other = name === undefined ? null : otherCopy(findProgram(name))
  if (other !== null) {
    await import(other)
    return
  }
  const { command } = await import('./command.ts')
  await command(args)
}

void main(process.argv.slice(2))
