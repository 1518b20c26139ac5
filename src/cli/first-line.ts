/**
 * When the first line of a program is about to run: until then Node and tsx load it, and what it imports, which is often the longest part of a
 * short program and tells nothing of it.
 *
 * Node does not say when. Of CommonJS the main module is compiled and run in one call, so that call is waited for. A module is run when
 * all that it imports has been run; so one more import is put behind its last line, where it moves nothing, and tells. Where neither
 * works, nothing is told. Stands on `node:module`.
 */
import { readFileSync } from 'node:fs'
import Module from 'node:module'
import { dirname, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Program } from './program.ts'

type Loaded = { format?: string | null; source?: unknown }
type NextLoad = (url: string, context: unknown) => Loaded

/** What `node:module` has, beyond its declarations. */
interface OpenModule {
  readonly prototype: { _compile: (this: unknown, content: string, file: string, ...rest: unknown[]) => unknown }
  readonly register: (specifier: string) => void
  readonly registerHooks?: (hooks: { load: (url: string, context: unknown, next: NextLoad) => Loaded }) => {
    deregister(): void
  }
}
const { prototype, register, registerHooks } = Module as unknown as OpenModule // the declarations are those of Node 20

/** The cell in which the imported module finds what is to be called: it has no other way to this one. */
const CELL = Symbol.for('greenloop.first line')
const TELLING = `data:text/javascript,${encodeURIComponent(`globalThis[Symbol.for('greenloop.first line')]?.()`)}`

/** Calls `tell` once, right before the first line of `program` runs, if that can be known. To be called before it is loaded. */
export function beforeFirstLine({ file }: Program, tell: () => void): void {
  if (file === null) return
  const told = (): void => {
    Reflect.deleteProperty(globalThis, CELL)
    tell()
  }
  Object.defineProperty(globalThis, CELL, { value: told, configurable: true })
  if (isModule(file)) appendTo(pathToFileURL(file).href, `\nimport ${JSON.stringify(TELLING)}`)
  else beforeCompiled(file, told)
}

/** Whether Node takes `file` for an ES module by its name and package; what it finds out by reading, as later Nodes do, is not known here. */
function isModule(file: string): boolean {
  const [, kind = ''] = /^\.([cm]?)[jt]sx?$/u.exec(extname(file)) ?? []
  return kind === '' ? typeOf(dirname(file)) === 'module' : kind === 'm'
}

/** The `type` of the package in which `folder` lies. */
function typeOf(folder: string): unknown {
  let manifest: string
  try {
    manifest = readFileSync(join(folder, 'package.json'), 'utf8')
  } catch {
    return dirname(folder) === folder ? undefined : typeOf(dirname(folder))
  }
  try {
    return (JSON.parse(manifest) as { type?: unknown } | null)?.type // whatever it is, it is only asked
  } catch {
    return undefined // Node will say what is wrong with it
  }
}

function beforeCompiled(file: string, told: () => void): void {
  const { _compile: compile } = prototype
  prototype._compile = function (content, name, ...rest) {
    if (name === file) {
      prototype._compile = compile
      told()
    }
    return compile.call(this, content, name, ...rest)
  }
}

/** Has the module at `url` loaded with `text` behind its source. */
function appendTo(url: string, text: string): void {
  if (registerHooks === undefined) {
    const hook = `export const load = async (url, context, next) => {
      const loaded = await next(url, context)
      if (url !== ${JSON.stringify(url)} || loaded.format !== 'module' || loaded.source == null) return loaded
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      return { ...loaded, source: source + ${JSON.stringify(text)} }
    }`
    register(`data:text/javascript,${encodeURIComponent(hook)}`)
    return
  }
  const hooks = registerHooks({
    load(one, context, next) {
      const loaded = next(one, context)
      if (one !== url) return loaded
      hooks.deregister()
      const { format, source } = loaded
      if (!format?.startsWith('module') || source == null) return loaded
      const whole = typeof source === 'string' ? source : new TextDecoder().decode(source as Uint8Array) // so it is documented
      return { ...loaded, source: whole + text }
    },
  })
}
