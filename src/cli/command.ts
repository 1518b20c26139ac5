/**
 * What a person meets: the commands, their options and help, and what is said about a mistake.
 *
 * Parsing is commander's. What this says itself goes to standard error: standard output belongs to the program. What a command does is in
 * `commands/`, and loaded when it is called for.
 */
import { Command, CommanderError } from 'commander'
import { UsageError } from '../errors/classes.ts'
import { ORDER, type PatchName } from '../monkey/options.ts'
import type { CompareOptions } from './commands/compare.ts'
import type { RunOptions } from './commands/run.ts'
import type { ShowOptions } from './commands/show.ts'
import { VERSION } from './package.ts'
import { readMs, readPort, readTarget, say, separated, termOf, valued, WRONG_USE } from './words.ts'

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

/** Does what `args`, the words behind `greenloop`, ask for. */
export async function command(args: readonly string[]): Promise<void> {
  const greenloop = build()
  const asked = greenloop.commands.find((one) => one.name() === args[0])
  try {
    await greenloop.parseAsync(separated(args, asked?.options ?? []), { from: 'user' })
  } catch (err) {
    if (!(err instanceof CommanderError || err instanceof UsageError)) throw err
    if (err instanceof CommanderError && err.exitCode === 0) return // help or version was asked for
    process.exitCode = WRONG_USE
    if (err instanceof UsageError) {
      say(err.message)
      return
    }
    explain(err, args)
    if (err.code === 'commander.missingArgument') asked?.outputHelp({ error: true })
  }
}

function build(): Command {
  const greenloop = new Command('greenloop')
    .description('gevent for TypeScript: in greenlets, what looks blocking lets the others run.')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .enablePositionalOptions()
    .configureHelp({ optionTerm: termOf, subcommandTerm: (one) => `${one.name()} ${argumentsOf(one)}` })
    .configureOutput({ outputError: () => undefined }) // see explain()
    .exitOverride()
  addRun(greenloop)
  addCompare(greenloop)
  addShow(greenloop)
  return greenloop
}

function argumentsOf({ registeredArguments: all }: Command): string {
  return all
    .map((one) => (one.variadic ? `${one.name()}...` : one.name()))
    .map((name, place) => (all[place]?.required === true ? `<${name}>` : `[${name}]`))
    .join(' ')
}

function addRun(greenloop: Command): void {
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
    .addHelpText('after', AFTERWORD)
    .action(async (name: string, args: readonly string[], options: RunOptions) => {
      await (await import('./commands/run.ts')).run(name, args, options)
    })
    .optionsGroup('To see at the end who ran when:')
    .addOption(
      valued('--timeline[=out.html]', 'bars on standard error, or a page in a file', readTarget('--timeline', '.html')),
    )
    .addOption(
      valued(
        '--trace=<out.json>',
        'a trace for Perfetto and `greenloop show`',
        readTarget('--trace=out.json', '.json'),
      ),
    )
    .option('--summary', 'a table: busy, waiting by cause, switches, longest run')
    .option('--locations', 'note file and line of each wait, at 5 us a wait')
    .optionsGroup('To see it while it runs:')
    .addOption(valued('--monitor[=ms]', 'report who blocks all others for 100 ms, or so long', readMs('--monitor', 10)))
    .addOption(valued('--console[=port]', 'a live page on 127.0.0.1', readPort('--console')))
    .option('--console-kill', 'let the page kill greenlets')
    .optionsGroup('To leave something unpatched:')
  for (const name of ORDER) run.option(`--no-${kebab(name)}`, ABOUT[name] ?? name)
}

const AFTERWORD = `
What is watched is the main thread of the program: no worker, and no process
that it starts. kill -USR2 has it print its greenlets, with --debug,
--locations, --monitor and --console.

The same by the environment, and without this command, as workers need it:
  GREENLOOP_MONKEY=no-dns,no-net node --import greenloop/monkey/register app.js

Options of Node itself go to Node:
  NODE_OPTIONS=--inspect greenloop run app.ts`

function addCompare(greenloop: Command): void {
  greenloop
    .command('compare')
    .summary('run two programs, and draw both on one axis')
    .description(
      'Runs two programs, one after the other, as `greenloop run` does, and draws on one axis who ran when, and who waited.',
    )
    .argument('<sequential>', 'the one program')
    .argument('<greenlets>', 'the other one, which does the same in another way')
    .addOption(valued('--timeline=<out.html>', 'write it as a page, too', readTarget('--timeline=out.html', '.html')))
    .option('--locations', 'note file and line of each wait, at 5 us a wait')
    .helpOption('-h, --help', 'show this help')
    .action(async (first: string, second: string, options: CompareOptions) => {
      await (await import('./commands/compare.ts')).compare([first, second], options)
    })
}

function addShow(greenloop: Command): void {
  greenloop
    .command('show')
    .summary('draw a trace that was written by run --trace')
    .description('Draws a trace that `greenloop run --trace=out.json` has written: bars, if nothing else is said.')
    .argument('<trace>', 'the file')
    .addOption(valued('--timeline[=out.html]', 'bars, or a page in a file', readTarget('--timeline', '.html')))
    .option('--summary', 'a table: busy, waiting by cause, switches, longest run')
    .helpOption('-h, --help', 'show this help')
    .action(async (file: string, options: ShowOptions) => {
      await (await import('./commands/show.ts')).show(file, options)
    })
}

/** What is asked of who has named too little. */
const QUESTIONS: Readonly<Record<string, string>> = {
  run: 'which program? A file, or a folder with a package.json, must be named.',
  compare: 'which programs? Two must be named.',
  show: 'which trace? A file that `greenloop run --trace=out.json` has written must be named.',
}

/** Says what is wrong with the command line, and what would be right. */
function explain({ code, message }: CommanderError, args: readonly string[]): void {
  const [problem = '', ...suggestion] = message.replace(/^error: /u, '').split('\n')
  const [, given = ''] = /'(.*)'/u.exec(problem) ?? []
  switch (code) {
    case 'commander.help': // no command at all: commander has shown the help
      return
    case 'commander.missingArgument':
      say(`${QUESTIONS[args[0] ?? ''] ?? problem}\n`)
      return
    case 'commander.unknownCommand':
      say([problem, ...(suggestion.length > 0 ? suggestion : [`To run a program: greenloop run ${given}`])].join('\n'))
      return
    case 'commander.excessArguments':
      say([problem, ...all(args)].join('\n'))
      return
    default:
      say([problem, ...suggestion, ...cures(given, args, suggestion.length > 0)].join('\n'))
  }
}

/** Where an unknown option may have been meant to go, if it was not one that is nearly like it. */
function cures(option: string, args: readonly string[], guessed: boolean): string[] {
  const [first = ''] = args
  if (!(first in QUESTIONS))
    return ['Options of run stand behind it: greenloop run --help', 'All others: greenloop --help']
  if (guessed || first !== 'run') return all(args)
  if (process.allowedNodeEnvironmentFlags.has(option))
    return [`It is an option of Node: NODE_OPTIONS=${option} greenloop run app.js`, ...all(args)]
  return [`Options of the program stand behind it: greenloop run app.js ${option}`, ...all(args)]
}

function all([command = '']: readonly string[]): string[] {
  return [`All options of ${command}: greenloop ${command} --help`]
}

/** The name of a patch as part of an option: `childProcess` is `--no-child-process`. */
function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
}
