// A process with little: its argument says of what. It runs itself anew by a shell that sets the limit.
import { spawnSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from 'greenloop'
import { fs, writeWhole } from 'greenloop/os'

const [, , what = '', isLimited = ''] = process.argv

const LIMITS: Readonly<Record<string, string>> = { descriptors: '-n 64', 'file size': '-f 16' }

function* descriptors() {
  const open: number[] = []
  for (let refused = 0; refused < 2; ) {
    try {
      open.push(yield* fs.open('package.json'))
    } catch (err) {
      const { syscall, code } = err as NodeJS.ErrnoException
      console.log(syscall, code)
      refused++
    }
  }
  for (const fd of open) yield* fs.close(fd)
  const text = yield* fs.readFile('package.json', 'utf8')
  console.log('all closed:', text.length > 0 ? 'read again' : '')
}

/** A write behind the limit of a file's size fails as on a full disk: a part of it is written, and then an error comes. */
function* fileSize() {
  process.on('SIGXFSZ', () => undefined)
  const folder = nodeFs.mkdtempSync(join(tmpdir(), 'greenloop-'))
  const path = join(folder, 'file')
  try {
    yield* writeWhole(path, 'old')
    try {
      yield* writeWhole(path, Buffer.alloc(2 ** 20, 'new'))
    } catch (err) {
      const { syscall, code } = err as NodeJS.ErrnoException
      console.log(syscall, code)
    }
    console.log(yield* fs.readFile(path, 'utf8'), yield* fs.readdir(folder))
  } finally {
    nodeFs.rmSync(folder, { recursive: true })
  }
}

if (isLimited === '') {
  const script = `ulimit ${LIMITS[what] ?? ''}; exec "$0" "$@"`
  const args = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), what, 'limited']
  process.exitCode = spawnSync('sh', ['-c', script, ...args], { stdio: 'inherit' }).status ?? 1
} else {
  await run(what === 'descriptors' ? descriptors : fileSize)
}
