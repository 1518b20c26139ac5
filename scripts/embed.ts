/**
 * `npm run embed`: bundles what runs elsewhere (pages in a browser, the watchdog in a thread of its own) into text that the library carries,
 * so that a bundler finds no file missing and a page needs none. A test in test/house compares what is committed with what is built.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const REPOSITORY = fileURLToPath(new URL('..', import.meta.url))

/** Each becomes src/trace/built/<name>.ts. */
export const EMBEDDED: readonly { readonly name: string; readonly folder: string; readonly page: boolean }[] = [
  { name: 'timeline', folder: 'src/embedded/pages/timeline', page: true },
  { name: 'console', folder: 'src/embedded/pages/console', page: true },
  { name: 'watchdog', folder: 'src/embedded/watchdog', page: false },
]

/** The text of src/trace/built/<name>.ts as it follows from the sources. */
export async function embedded({ name, folder, page }: (typeof EMBEDDED)[number]): Promise<string> {
  const script = await bundle(`${folder}/main.ts`, page)
  const lines = [`export const SCRIPT: string = ${JSON.stringify(script)}`]
  if (page) lines.push(`export const STYLE: string = ${JSON.stringify(await bundle(`${folder}/style.css`, page))}`)
  return `/**\n * The ${page ? `page "${name}"` : name} as text. Built by \`npm run embed\` from ${folder}; not to be edited.\n */\n${lines.join('\n')}\n`
}

/** Where it lies. */
export function placeOf(name: string): string {
  return `${REPOSITORY}src/trace/built/${name}.ts`
}

async function bundle(entry: string, page: boolean): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    target: 'es2022',
    platform: page ? 'browser' : 'node',
    format: page ? 'iife' : 'cjs',
    logLevel: 'error',
  })
  return outputFiles[0]?.text.trimEnd() ?? ''
}

/** Builds those that are named, else all. */
async function main(names: readonly string[]): Promise<void> {
  for (const one of EMBEDDED) {
    if (names.length > 0 && !names.includes(one.name)) continue
    const path = placeOf(one.name)
    const text = await embedded(one)
    const before = await readFile(path, 'utf8').catch(() => '')
    if (text === before) continue
    await writeFile(path, text)
    console.log(`built src/trace/built/${one.name}.ts`)
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
