/**
 * Lints snippets with the types of `greenloop` itself. They are files that exist in the compiler's host only, all in one program.
 */
import { fileURLToPath } from 'node:url'
import { Linter } from 'eslint'
import greenloop from 'greenloop/eslint'
import ts from 'typescript'
import tseslint from 'typescript-eslint'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))

/** What snippets may use: what `greenloop` exports, and a few things of a program. */
const COMMON = `${REPOSITORY}test/eslint/snippets-common.ts`
const COMMON_CODE = `
import type { EventEmitter } from 'node:events'
import { type Green, type Operation, RawGreenlet, sleep, spawn } from 'greenloop'
export * from 'greenloop'
export * as gevent from 'greenloop'
export declare const queue: { put(item: number): Operation<void>; get(): Operation<number> }
export declare const maybe: typeof queue | undefined
export declare const list: number[]
export declare const emitter: EventEmitter
export declare const ok: boolean
export declare function log(...values: unknown[]): void
export const other = new RawGreenlet(function* () {})
export const task = spawn(sleep, 1)
export function* work(n = 0): Green<number> { yield* sleep(n); return n }
`
const HEAD = `import { type Begun, type Green, type Operation, GreenletExit, emitter, gevent, isInterrupt, list, log, maybe, ok, other, queue, sleep, spawn, task, work } from './snippets-common.ts'
`

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(`${REPOSITORY}tsconfig.json`, (path) => ts.sys.readFile(path)).config,
  ts.sys,
  REPOSITORY,
)
Object.assign(options, {
  noUnusedLocals: false,
  noUnusedParameters: false,
  isolatedDeclarations: false,
  declaration: false,
})

/** Parsed once for both programs of a test file. */
const parsed = new Map<string, ts.SourceFile | undefined>()

/** A program of `files`, by path. */
function programOf(files: ReadonlyMap<string, string>): ts.Program {
  const host = ts.createCompilerHost(options, true)
  const { getSourceFile, fileExists, readFile } = host
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path)
  host.readFile = (path) => files.get(path) ?? readFile.call(host, path)
  host.getSourceFile = (path, version, ...rest) => {
    const text = files.get(path)
    if (text !== undefined) return ts.createSourceFile(path, text, version, true)
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, version, ...rest))
    return parsed.get(path)
  }
  return ts.createProgram([...files.keys()], options, host)
}

/** What the linter says of a snippet. */
export interface Linted {
  readonly messages: readonly Linter.LintMessage[]
  /** The snippet with all fixes. */
  readonly fixed: string
  /** The snippet with all suggestions. */
  readonly suggested: string
  /** What the compiler says of it. */
  errors(): string[]
}

/** Lints each snippet as a file, with the recommended configuration. */
export function lintAll(snippets: readonly string[], extension = 'ts'): Linted[] {
  const files = new Map(snippets.map((code, n) => [`${REPOSITORY}test/eslint/snippet-${n}.${extension}`, HEAD + code]))
  const program = programOf(new Map([[COMMON, COMMON_CODE], ...files]))
  program.getTypeChecker() // binds the files, which the parser takes as they are
  const linter = new Linter({ cwd: REPOSITORY })
  const config: Linter.Config = {
    ...greenloop.configs.recommended,
    languageOptions: { parser: tseslint.parser, parserOptions: { programs: [program] } },
  }
  return [...files].map(([path, text]) => {
    const messages = linter.verify(text, config, path)
    const suggestions = messages.flatMap((message) => message.suggestions ?? [])
    return {
      messages,
      fixed: changed(
        text,
        messages.flatMap(({ fix }) => fix ?? []),
      ),
      suggested: changed(
        text,
        suggestions.map(({ fix }) => fix),
      ),
      errors: () => complaints(program, path),
    }
  })
}

/** The snippet in `text`, with all `fixes` in it; no two overlap. */
function changed(text: string, fixes: readonly { range: readonly [number, number]; text: string }[]): string {
  const backwards = [...fixes].sort((a, b) => b.range[0] - a.range[0])
  const done = backwards.reduce((left, fix) => left.slice(0, fix.range[0]) + fix.text + left.slice(fix.range[1]), text)
  return done.replace(HEAD, '')
}

function complaints(program: ts.Program, path: string): string[] {
  const source = program.getSourceFile(path)
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}
