// The front door does not bring the types of the patched forms; `greenloop/monkey` does. Asked of the compiler itself.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'

const CONFIG = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))
/** A file that is nowhere but in the compiler's host. */
const PROGRAM = fileURLToPath(new URL('./door-program.ts', import.meta.url))

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(CONFIG, (path) => ts.sys.readFile(path)).config,
  ts.sys,
  dirname(CONFIG),
)
/** Parsed once for all programs of this file. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** What the compiler has to say about a program, as `line: TS number`. */
function complaintsAbout(text: string): string[] {
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => path === PROGRAM || fileExists.call(host, path)
  host.readFile = (path) => (path === PROGRAM ? text : readFile.call(host, path))
  host.getSourceFile = (path, version, ...rest) => {
    if (path === PROGRAM) return ts.createSourceFile(path, text, version)
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, version, ...rest))
    return parsed.get(path)
  }
  const program = ts.createProgram([PROGRAM], options, host)
  const source = program.getSourceFile(PROGRAM)
  return program.getSemanticDiagnostics(source).map(({ file, start, code }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1
    return `${line}: TS${code}`
  })
}

const body = `
import dns from 'node:dns'
import net from 'node:net'
import timers from 'node:timers/promises'
import tls from 'node:tls'
import { spawn } from 'greenloop'
spawn(function* () {
  yield* fetch('u')
  yield* Promise.resolve(1)
  yield* net.connect(1)
  net.connect(1).recv
  yield* dns.lookup('x')
  yield* new dns.Resolver().resolve4('x')
  yield* timers.setTimeout(1)
  yield* tls.connect(1)
  yield* net.createServer().listen(0)
})
export {}
`

it('with `greenloop` alone the patched forms do not compile', { timeout: 20_000 }, () => {
  expect(complaintsAbout(`import 'greenloop'${body}`)).toEqual([
    '8: TS2488', // fetch: no [Symbol.iterator]
    '9: TS2488', // any promise
    '10: TS2488', // net.connect
    '11: TS2339', // recv does not exist
    '12: TS2488', // dns.lookup returns void ...
    '12: TS2554', // ... and wants a callback
    '13: TS2488', // so does the method of a resolver
    '13: TS2554',
    '14: TS2488', // a promise of timers
    '15: TS2488', // tls.connect
    '16: TS2488', // server.listen
  ])
})

it.each(['greenloop/monkey', 'greenloop/monkey/register'])('with `%s` they do', { timeout: 20_000 }, (door) => {
  expect(complaintsAbout(`import '${door}'${body}`)).toEqual([])
})
