/**
 * This package itself: its folder, its version, and which copy of it a program sees.
 *
 * Of two copies in one process each has a registry of patches of its own, and what is patched hands control to the hub of the copy that
 * patched. So the command line sees to it that there is one: that of the program.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findFrom, type Program } from './program.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  /** Missing in the versions that had no command line. */
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/** As far from dist/cli as from src/cli. */
const MANIFEST = fileURLToPath(new URL('../../package.json', import.meta.url))
const { name, version, exports } = read(MANIFEST)

function read(manifest: string): Manifest {
  return JSON.parse(readFileSync(manifest, 'utf8')) as Manifest // it is one of this package
}

/** The version of this copy. */
export const VERSION: string = version
/** The folder of this copy. */
export const HOME: string = dirname(MANIFEST)

/** The URL of the command line of that copy which the program would import, if that is another one than this. */
export function otherCopy({ path, file }: Program): string | null {
  const manifest = findFrom(file ?? path, `${name}/package.json`)
  if (manifest === null || manifest === MANIFEST) return null
  const entry = read(manifest).bin?.[name]
  return entry === undefined ? null : new URL(entry, pathToFileURL(manifest)).href
}

/**
 * Sees to it that `require` of this package gives this copy, too, once tsx is at work: tsx makes CommonJS of what a CommonJS program
 * requires, which is a second copy, of all but what was required before. The lint rules share nothing, and stay out.
 */
export function shareWithRequire(): void {
  if (import.meta.url.endsWith('.ts')) return // of the sources tsx has made what we are
  if (!Reflect.get(process.features, 'require_module')) return // asked for by an option of Node
  const require = createRequire(import.meta.url)
  for (const target of Object.values(exports)) {
    const [, door] = (typeof target === 'string' ? '' : target.default).match(/^\.\/\w+\/(.*\bindex\.js)$/u) ?? []
    if (door !== undefined && !door.startsWith('eslint/')) require(`../${door}`)
  }
}

/** Where the tools lie that this copy brings. */
export function findHere(specifier: string): string | null {
  return findFrom(MANIFEST, specifier)
}
