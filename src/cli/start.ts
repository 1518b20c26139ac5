/**
 * Starts a program in this process, as Node starts the one that it is given.
 *
 * Nothing is imitated: `Module.runMain` is what Node itself calls, so that `require.main`, `import.meta.main`, exit code 13, the text of an
 * uncaught error and all else are Node's doing; signals, stdin and the terminal are those of this process anyway.
 *
 * A program in TypeScript is loaded by tsx, as under `node --import tsx`. There Node's ESM loader would load the main module, CommonJS or
 * not, because of the `--import`; here `runMain` would choose by extension and package. So it is given a module of ours, this one, as the main
 * module, and a hook says that this means the program.
 */
import Module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findHere, shareWithRequire } from './package.ts'
import { findFrom, isTypeScript, type Program } from './program.ts'

type Next = (specifier: string, context: unknown) => unknown

/** The hooks of node:module; the second one came with Node 22.15 and makes the first one a deprecated one. */
interface HookedModule {
  readonly register: (specifier: string) => void
  readonly registerHooks?: (hooks: { resolve: (specifier: string, context: unknown, next: Next) => unknown }) => {
    deregister(): void
  }
}

/** What brings TypeScript to JavaScript. */
export interface Translator {
  /** As a person would say it. */
  readonly name: string
  /** The URL of the module whose import makes it work; null for Node itself. */
  readonly url: string | null
}

/**
 * Finds what the program needs to be run: null for JavaScript, `'none'` where nothing here understands its TypeScript.
 *
 * tsx comes first, the program's own before ours; Nodes that strip types themselves (22.18 and up) can do without.
 */
export function findTranslator(program: Program): Translator | 'none' | null {
  if (!isTypeScript(program)) return null
  const { file, path } = program
  const tsx = findFrom(file ?? path, 'tsx') ?? findHere('tsx')
  if (tsx !== null) return { name: `tsx (${tsx})`, url: pathToFileURL(tsx).href }
  const strips = Boolean(Reflect.get(process.features, 'typescript')) && file?.endsWith('x') === false
  return strips ? { name: 'Node, which strips the types', url: null } : 'none'
}

/** Starts `program` with `args` as its own. Returns before its first line runs; `before` is waited for right before that. */
export async function start(
  { path, file }: Program,
  args: readonly string[],
  by: Translator | null,
  before: (() => Promise<void>) | null,
): Promise<void> {
  process.argv.splice(1, process.argv.length, path, ...args)
  let main = path
  if (by?.url != null && file !== null) {
    shareWithRequire()
    await import(by.url)
    main = fileURLToPath(import.meta.url)
    redirect(import.meta.url, pathToFileURL(file).href)
  }
  await before?.()
  // By then this main module has come to its end, and with it what Node does for a main module. Bound, so that no frame of ours is in the
  // stack traces of the program.
  process.nextTick(Module.runMain.bind(Module, main))
}

/** From now on, and once, `from` means `to`. */
function redirect(from: string, to: string): void {
  const { register, registerHooks } = Module as unknown as HookedModule // the declarations are those of Node 20
  if (registerHooks === undefined) {
    const hook = `export const resolve = (it, context, next) => next(it === ${JSON.stringify(from)} ? ${JSON.stringify(to)} : it, context)`
    register(`data:text/javascript,${encodeURIComponent(hook)}`)
    return
  }
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== from) return next(specifier, context)
      hooks.deregister()
      return next(to, context)
    },
  })
}
