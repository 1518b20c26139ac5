/**
 * The library as plain JavaScript, for tests that need it fresh many times over: a worker that loads it takes a tenth of the time of a
 * process that has to transform TypeScript first.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import ts from 'typescript'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that the copy finds its dependencies. */
const CACHE = `${REPOSITORY}node_modules/.cache/greenloop-compiled-${process.pid}`
/** No worker of ours takes so long; one that hangs fails its test instead of the whole run. */
const LONGEST_MS = 9000

/** What is compiled: all of the library, and the programs that the tests run. */
const PARTS = ['src', 'test/fixtures/context']

/** The library, compiled. */
export interface Compiled {
  /** Runs a program of `test/fixtures/context` in a thread of its own; answers what it posts. */
  run(program: string, workerData: unknown): Promise<unknown>
  /** Copies the library, as a second installation would have it; answers the address of its front door. */
  copy(name: string): string
  remove(): void
}

/** Compiles the library and the programs into a folder of this process. */
export function compile(): Compiled {
  build()
  return {
    run: (program, workerData) => runWorker(pathToFileURL(`${CACHE}/test/fixtures/context/${program}`), workerData),
    copy(name) {
      for (const part of ['src', 'package.json'])
        cpSync(`${CACHE}/${part}`, `${CACHE}/${name}/${part}`, { recursive: true })
      return pathToFileURL(`${CACHE}/${name}/src/index.js`).href
    },
    remove() {
      rmSync(CACHE, { recursive: true, force: true })
    },
  }
}

function build(): void {
  for (const part of PARTS) {
    for (const entry of readdirSync(`${REPOSITORY}${part}`, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts')) continue
      const target = `${CACHE}/${part}/${entry.replace(/\.ts$/u, '.js')}`
      mkdirSync(dirname(target), { recursive: true })
      const { outputText } = ts.transpileModule(readFileSync(`${REPOSITORY}${part}/${entry}`, 'utf8'), {
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ES2022,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
      })
      writeFileSync(target, outputText)
    }
  }
  // A package may import itself by its name: so `greenloop` means this copy.
  const manifest = { name: 'greenloop', type: 'module', exports: { '.': './src/index.js' } }
  writeFileSync(`${CACHE}/package.json`, JSON.stringify(manifest))
}

function runWorker(url: URL, workerData: unknown): Promise<unknown> {
  // Neither our loader nor our environment: what a worker finds is Node as it is. Which Node that is can be chosen.
  const { NODE_OPTIONS } = process.env
  const worker = new Worker(url, { workerData, execArgv: [], env: NODE_OPTIONS === undefined ? {} : { NODE_OPTIONS } })
  const limit = setTimeout(() => void worker.terminate(), LONGEST_MS)
  return new Promise((resolve, reject) => {
    worker.on('message', resolve)
    worker.on('error', reject)
    worker.on('exit', () => {
      clearTimeout(limit)
      reject(new Error(`${url.pathname} ended, or was stopped after ${LONGEST_MS} ms, without an answer.`)) // unless there was one
    })
  })
}
