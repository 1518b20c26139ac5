/**
 * `greenloop run`: patches, puts up what watches, and starts the program.
 *
 * Stands on the start and on the patches; what watches is loaded only if it is asked for.
 */
import { setDebug } from '../../debug.ts'
import { UsageError } from '../../errors/classes.ts'
import { ORDER, optionsFrom, type PatchName, type PatchOptions } from '../../monkey/options.ts'
import { patchAll } from '../../monkey/patch.ts'
import { HOME, VERSION } from '../package.ts'
import { findTranslator, start } from '../start.ts'
import type { Watches } from '../watching.ts'
import { type Bare, programCalled, say } from '../words.ts'

/** The words of `run`, parsed. */
export interface RunOptions extends Partial<Record<PatchName, boolean>>, Watches {
  readonly verbose?: Bare
}

/** Runs the program called `name` with `args` as its own. Returns before its first line runs. */
export async function run(name: string, args: readonly string[], options: RunOptions): Promise<void> {
  if (options.consoleKill && options.console === undefined) throw new UsageError('--console-kill needs --console')
  const program = programCalled(name)
  const translator = findTranslator(program)
  if (translator === 'none') {
    say(`${name} is TypeScript, which runs through tsx, and tsx is not installed: npm install --save-dev tsx`)
    process.exitCode = 1
    return
  }
  const patches = patchOptions(options)
  const begin = isWatched(options) ? await (await import('../watching.ts')).watch(options, program, name) : null
  if (options.debug) {
    process.env['GREENLOOP_DEBUG'] = '1' // for processes that the program starts
    setDebug(true)
  }
  // Before anything of the program, and before tsx: who takes a function out of a module takes the patched one.
  const { names } = patchAll(patches)
  if (options.verbose) {
    const rest = ORDER.filter((one) => !names.includes(one))
    say(`version ${VERSION} in ${HOME}`)
    say(`patched ${names.join(', ') || 'nothing'}${rest.length === 0 ? '' : `; left alone: ${rest.join(', ')}`}`)
    say(`running ${program.file ?? program.path}${translator === null ? '' : ` through ${translator.name}`}`)
  }
  await start(program, args, translator, begin)
}

function isWatched(options: RunOptions): boolean {
  const { timeline, trace, summary, locations, debug, monitor, console: live } = options
  return [timeline, trace, summary, locations, debug, monitor, live].some((option) => option !== undefined)
}

/** What the environment says, as for `greenloop/monkey/register`, and then the options. */
function patchOptions(options: RunOptions): PatchOptions {
  const without = ORDER.filter((name) => options[name] === false)
  return {
    ...optionsFrom(process.env['GREENLOOP_MONKEY'] ?? ''),
    ...Object.fromEntries(without.map((name) => [name, false])),
  }
}
