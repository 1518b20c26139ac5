/**
 * What a person meets: the commands, their options and help, and what is said about a mistake.
 *
 * Parsing is commander's. What this says itself goes to standard error: standard output belongs to the program.
 */
import { Command, CommanderError } from 'commander'
import { setDebug } from '../debug.ts'
import { UsageError } from '../errors/classes.ts'
import { ORDER, optionsFrom, type PatchName, type PatchOptions } from '../monkey/options.ts'
import { patchAll } from '../monkey/patch.ts'
import { HOME, VERSION } from './package.ts'
import { findProgram } from './program.ts'
import { findTranslator, start } from './start.ts'

/** The exit code of Node for options that it does not know, so that `greenloop run` ends with no code that `node` would not end with. */
const WRONG_USE = 9

/** What each patch is about, in a line of the help; one that is not here is listed all the same. */
const ABOUT: Readonly<Partial<Record<PatchName, string>>> = {
  promise: 'yield* promise, of any promise',
  timers: 'yield* setTimeout(ms), of node:timers/promises',
  streams: 'yield* readable.recv(n), writable.sendall(data), pipeline(...), ...',
  dns: 'yield* dns.lookup(host), dns.resolve(host), ...',
  net: 'yield* net.connect(port), socket.recv(n), server.accept(), ...',
  tls: 'yield* tls.connect(port), server.accept(), ...',
  http: 'yield* http.get(url), http.createServer(function* ...), ...',
  fetch: 'yield* fetch(url), response.text(), ...',
  fs: 'yield* fs.readFile(path), ...',
  childProcess: 'yield* exec(command), spawn(program), child.wait(), ...',
}

/** The words of `run`, parsed. */
interface RunOptions extends Partial<Record<PatchName, boolean>> {
  readonly verbose?: true
  readonly debug?: true
}

/** Does what `args`, the words behind `greenloop`, ask for. */
export async function command(args: readonly string[]): Promise<void> {
  const greenloop = build()
  try {
    await greenloop.parseAsync(args, { from: 'user' })
  } catch (err) {
    if (!(err instanceof CommanderError || err instanceof UsageError)) throw err
    if (err instanceof CommanderError && err.exitCode === 0) return // help or version was asked for
    process.exitCode = WRONG_USE
    if (err instanceof UsageError) {
      say(err.message) // GREENLOOP_MONKEY is wrong
      return
    }
    explain(err, args)
    if (err.code === 'commander.missingArgument') greenloop.commands[0]?.outputHelp({ error: true })
  }
}

function build(): Command {
  const greenloop = new Command('greenloop')
    .description('gevent for TypeScript: in greenlets, what looks blocking lets the others run.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .configureOutput({ outputError: () => undefined }) // see explain()
    .exitOverride()
  const run = greenloop
    .command('run')
    .summary('run a program of Node, patched')
    .description(
      'Runs a program as `node <program> [args...]` does, patched: in its greenlets, what looks blocking lets the others run.',
    )
    .argument('<program>', 'a file, or a folder with a package.json, as for node; .ts .mts .cts .tsx run through tsx')
    .argument('[args...]', 'handed to the program, whatever they look like')
    .option('-v, --verbose', 'say on standard error what is patched and run')
    .option('--debug', 'debug mode, as GREENLOOP_DEBUG=1')
    .helpOption('-h, --help', 'show this help')
    .passThroughOptions()
    .optionsGroup('To leave something unpatched:')
    .addHelpText('after', AFTERWORD)
    .action(runProgram)
  for (const name of ORDER) run.option(`--no-${kebab(name)}`, ABOUT[name] ?? name)
  return greenloop
}

const AFTERWORD = `
The same by the environment, and without this command, as workers need it:
  GREENLOOP_MONKEY=no-dns,no-net node --import greenloop/monkey/register app.js

Options of Node itself go to Node:
  NODE_OPTIONS=--inspect greenloop run app.ts`

async function runProgram(name: string, args: readonly string[], options: RunOptions): Promise<void> {
  const program = findProgram(name)
  const translator = findTranslator(program)
  if (translator === 'none') {
    say(`${name} is TypeScript, which runs through tsx, and tsx is not installed: npm install --save-dev tsx`)
    process.exitCode = 1
    return
  }
  if (options.debug) {
    process.env['GREENLOOP_DEBUG'] = '1' // for processes that the program starts
    setDebug(true)
  }
  // Before anything of the program, and before tsx: who takes a function out of a module takes the patched one.
  const { names } = patchAll(patchOptions(options))
  if (options.verbose) {
    const rest = ORDER.filter((one) => !names.includes(one))
    say(`version ${VERSION} in ${HOME}`)
    say(`patched ${names.join(', ') || 'nothing'}${rest.length === 0 ? '' : `; left alone: ${rest.join(', ')}`}`)
    say(`running ${program.file ?? program.path}${translator === null ? '' : ` through ${translator.name}`}`)
  }
  await start(program, args, translator)
}

/** What the environment says, as for `greenloop/monkey/register`, and then the options. */
function patchOptions(options: RunOptions): PatchOptions {
  const without = ORDER.filter((name) => options[name] === false)
  return {
    ...optionsFrom(process.env['GREENLOOP_MONKEY'] ?? ''),
    ...Object.fromEntries(without.map((name) => [name, false])),
  }
}

/** Says what is wrong with the command line, and what would be right. */
function explain({ code, message }: CommanderError, args: readonly string[]): void {
  const [problem = '', ...suggestion] = message.replace(/^error: /u, '').split('\n')
  const [, given = ''] = /'(.*)'/u.exec(problem) ?? []
  switch (code) {
    case 'commander.help': // no command at all: commander has shown the help
      return
    case 'commander.missingArgument':
      say('which program? A file, or a folder with a package.json, must be named.\n')
      return
    case 'commander.unknownCommand':
      say([problem, ...(suggestion.length > 0 ? suggestion : [`To run a program: greenloop run ${given}`])].join('\n'))
      return
    default:
      say([problem, ...suggestion, ...cures(given, args, suggestion.length > 0)].join('\n'))
  }
}

/** Where an unknown option may have been meant to go, if it was not one that is nearly like it. */
function cures(option: string, [first]: readonly string[], guessed: boolean): string[] {
  if (first !== 'run') return ['Options of run stand behind it: greenloop run --help', 'All others: greenloop --help']
  const all = 'All options of run: greenloop run --help'
  if (guessed) return [all]
  if (process.allowedNodeEnvironmentFlags.has(option))
    return [`It is an option of Node: NODE_OPTIONS=${option} greenloop run app.js`, all]
  return [`Options of the program stand behind it: greenloop run app.js ${option}`, all]
}

function say(text: string): void {
  process.stderr.write(`greenloop: ${text}\n`)
}

/** The name of a patch as part of an option: `childProcess` is `--no-child-process`. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
}
