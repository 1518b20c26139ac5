/**
 * Before all tests: the library and the programs of the tests as plain JavaScript, once for the whole run, so that a program costs a start of
 * Node and not one of a compiler. Stacks show the sources of the programs, by source maps.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that the programs find the dependencies. */
const FOLDER = join(REPOSITORY, `node_modules/.cache/greenloop-programs-${process.pid}`)
const PROGRAM = /(?:^|\/)programs\/.*\.ts$/u

/** Called by vitest, as is what it returns, at the end. */
export default async function compilePrograms(): Promise<() => void> {
  for (const entry of readdirSync(join(REPOSITORY, 'test'), { recursive: true, encoding: 'utf8' }))
    if (PROGRAM.test(entry)) compile(join('test', entry))
  const manifest = readFileSync(join(REPOSITORY, 'package.json'), 'utf8')
  await bundle([...manifest.matchAll(/\.\/dist\/([\w/-]+)\.js/gu)].map(([, door]) => `src/${String(door)}.ts`))
  // A package may import itself by its name: so `greenloop` means this copy.
  writeFileSync(join(FOLDER, 'package.json'), manifest.replaceAll('./dist/', './src/'))
  process.env['GREENLOOP_PROGRAMS'] = FOLDER
  return () => {
    rmSync(FOLDER, { recursive: true, force: true })
  }
}

/** The library with its doors, in few files: hundreds of processes load it, and Node takes longer to load many files than to run them. */
async function bundle(doors: string[]): Promise<void> {
  await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [...new Set(doors)],
    outbase: '.',
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    // What the doors share lies as deep as the file that knows its own place (src/errors/stack.ts).
    chunkNames: 'src/errors/[name]-[hash]',
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    keepNames: true,
    logLevel: 'error',
  })
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
      inlineSourceMap: true,
      sourceRoot: pathToFileURL(`${dirname(source)}/`).href,
    },
  })
  const target = join(FOLDER, path.replace(/ts$/u, 'js'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, outputText)
}
