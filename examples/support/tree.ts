/** The folder of `index-files.ts` when it runs by itself. */
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Green, Pool } from 'greenloop'
import { fs } from 'greenloop/os'

/** What vanishes as soon as it is found. */
export const VANISHING: string = join('cache', 'session.tmp')
const FORBIDDEN = 'private'

/** Path, size, and of what it is made: two of the same are copies. */
type File = readonly [path: string, size: number, content: string]

function* files(): Iterable<File> {
  for (let n = 1; n <= 60; n++) {
    const name = `photo-${String(n).padStart(2, '0')}.jpg`
    yield [`photos/${n <= 30 ? 'lake' : 'town'}/${name}`, 5000 + 100 * n, name]
    if (n % 20 === 0) yield [`photos/best/${name}`, 5000 + 100 * n, name]
  }
  for (let n = 1; n <= 12; n++) yield [`music/track-${String(n)}.mp3`, 100_000 - 1000 * n, `track ${String(n)}`]
  for (let n = 1; n <= 40; n++) yield [`notes/day-${String(n)}.txt`, 40 + n, `day ${String(n)}`]
  yield ['notes/copy of day-7.txt', 47, 'day 7']
  yield ['music/old/first track.mp3', 99_000, 'track 1']
  yield ['backup/track-1.mp3', 99_000, 'track 1']
  // As long as each other, and not the same; and nothing at all is nobody's copy.
  yield ['notes/README', 41, 'read me']
  yield ['notes/empty.txt', 0, ' ']
  yield ['notes/empty too.txt', 0, ' ']
  yield [VANISHING, 100, 'session']
}

/** Makes a folder, has `use` look at it, and removes it. */
export function* withTree(use: (folder: string) => Green<void>): Green<void> {
  const folder = yield* fs.mkdtemp(join(tmpdir(), 'greenloop-tree-'))
  const forbidden = join(folder, FORBIDDEN)
  try {
    yield* new Pool(8).map(make(folder), files())
    yield* fs.symlink(folder, join(folder, 'photos', 'all'), 'junction') // round in circles
    yield* fs.mkdir(forbidden, { mode: 0o000 })
    yield* use(folder)
  } finally {
    // At once: a wait could be ended by a Ctrl-C.
    if (existsSync(forbidden)) chmodSync(forbidden, 0o700)
    rmSync(folder, { recursive: true })
  }
}

function make(folder: string) {
  return function* ([path, size, content]: File): Green<void> {
    const file = join(folder, path)
    yield* fs.mkdir(dirname(file), { recursive: true })
    yield* fs.writeFile(file, Buffer.alloc(size, content))
  }
}
