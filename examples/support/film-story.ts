/** What `download.ts` does when it is called without arguments: it gets a film, again and again, and each time something is not as it should be. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Green, until } from 'greenloop'
import { fs, PIPE, Popen, writeWhole } from 'greenloop/os'
import { ETAG, FILM, openReluctantSite, type ReluctantSite, SHA256 } from './reluctant-site.ts'

/** Gets the file at `url`; answers how many bytes have come. */
type Download = (url: string, file: string, sha256: string) => Green<number>

/**
 * Tells it.
 *
 * @param program - what runs `download.ts`.
 * @param download - what that calls.
 */
export function* tellStory(program: readonly string[], download: Download): Green<void> {
  const folder = yield* fs.mkdtemp(join(tmpdir(), 'greenloop-download-'))
  const site = yield* until(openReluctantSite())
  try {
    yield* interrupt(program, site, join(folder, 'film.bin'))
    yield* meetAll(download, site, join(folder, 'film.bin'))
  } finally {
    site.close()
    yield* fs.rm(folder, { recursive: true })
  }
}

/** Runs the program, kills it in the middle, and runs it again. */
function* interrupt(program: readonly string[], site: ReluctantSite, file: string): Green<void> {
  for (const name of ['run 1', 'run 2']) {
    using child = new Popen([...program, `${site.url}/held`, file, '--sha256', SHA256], { stdout: PIPE, text: true })
    const lines = child.stdout.lines()
    while (yield* lines.next()) {
      console.log(`${name}: ${lines.value}`)
      if (name === 'run 1' && lines.value.endsWith(' 2000000 bytes')) child.kill()
    }
    yield* child.wait()
    if (child.signal === null) continue
    const { size } = yield* fs.stat(`${file}.part`)
    console.log(`${name}: ended by ${child.signal}, with ${String(size)} bytes in film.bin.part`)
  }
}

/** Gets it where there is a part of it already, and from servers of all kinds. */
function* meetAll(download: Download, site: ReluctantSite, file: string): Green<void> {
  function* meet(what: string, path: string, part: Buffer, sha256 = SHA256): Green<void> {
    yield* writeWhole(`${file}.part`, part)
    yield* writeWhole(`${file}.part.etag`, ETAG)
    const before = site.requests
    const arrived = yield* download(`${site.url}/${path}`, file, sha256)
    console.log(`${what}: asked ${String(site.requests - before)} x, ${String(arrived)} bytes came`)
  }
  const nothing = Buffer.alloc(0)
  const half = FILM.subarray(0, 2_500_000)
  yield* meet('a server that breaks off', 'cut', nothing)
  yield* meet('a server that is busy', 'busy', nothing)
  yield* meet('a server that knows no ranges', 'no-ranges', half)
  yield* meet('a file that has changed', 'changed', half)
  yield* meet('a part that lacks nothing', 'film', FILM)
  yield* meet('a part that is too long', 'film', Buffer.concat([FILM, half]))
  yield* meet('another checksum', 'film', nothing, '1234')
}
