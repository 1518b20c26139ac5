/**
 * Before all tests: the library and the programs of the tests as plain JavaScript, once for the whole run, so that a program costs a start of
 * Node and not one of a compiler. Stacks show the sources of the programs, by source maps.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that the programs find the dependencies. */
const FOLDER = join(REPOSITORY, `node_modules/.cache/greenloop-programs-${process.pid}`)
/** What is compiled: all of the library, and whatever lies in a folder of programs. */
const PARTS: readonly [folder: string, which: RegExp][] = [
  ['src', /\.ts$/u],
  ['test', /(?:^|\/)programs\/.*\.ts$/u],
]

/** Called by vitest, as is what it returns, at the end. */
export default function compilePrograms(): () => void {
  for (const [part, which] of PARTS) {
    for (const entry of readdirSync(join(REPOSITORY, part), { recursive: true, encoding: 'utf8' })) {
      if (which.test(entry)) compile(join(part, entry))
    }
  }
  // A package may import itself by its name: so `greenloop` means this copy.
  const manifest = readFileSync(join(REPOSITORY, 'package.json'), 'utf8').replaceAll('./dist/', './src/')
  writeFileSync(join(FOLDER, 'package.json'), manifest)
  process.env['GREENLOOP_PROGRAMS'] = FOLDER
  return () => {
    rmSync(FOLDER, { recursive: true, force: true })
  }
}

function compile(path: string): void {
  const source = join(REPOSITORY, path)
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
      // Not of the library: it knows its own lines by where it was loaded from.
      ...(path.startsWith('src')
        ? {}
        : { inlineSourceMap: true, sourceRoot: pathToFileURL(`${dirname(source)}/`).href }),
    },
  })
  const target = join(FOLDER, path.replace(/ts$/u, 'js'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}
