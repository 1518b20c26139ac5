import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REPOSITORY } from './support/processes.ts'

/** The rooms that there are, by floor, lowest first; docs/design.md draws them. The lint rules stand apart: they import none of these. */
const FLOORS = [
  ['protocol.ts'],
  ['errors'],
  ['greenlet'],
  ['context.ts', 'locations.ts'],
  ['debug.ts'],
  ['hub'],
  ['config.ts', 'channels.ts'],
  ['waiting'],
  ['gevent'],
  ['sync', 'queues', 'nursery', 'buffered'],
  ['several'],
  ['pools', 'tree'],
  ['net/dns', 'net/readiness'],
  ['net/stream', 'net/datagram'],
  ['net/tls'],
  ['net/select', 'net/socket'],
  ['net/server'],
  ['net/index.ts'],
  ['os/exceptions.ts'],
  ['os/streams'],
  ['os/files'],
  ['os/fileobject'],
  ['os/launch'],
  ['os/subprocess', 'os/children', 'os/signals'],
  ['http/exceptions.ts', 'http/global-dispatcher.ts', 'http/node-http.ts'],
  ['http/undici.ts'],
  ['http/message', 'http/transport'],
  ['http/requests', 'http/fetch', 'http/serve', 'http/node'],
  ['http/index.ts', 'os/index.ts'],
  ['monkey', 'trace/record', 'trace/built', 'testing/schedule'],
  ['trace/pictures', 'trace/monitor', 'trace/console', 'trace/backdoor'],
  ['trace/index.ts'],
  ['testing/execution'],
  ['testing/search', 'testing/report', 'testing/storyboard'],
  ['testing/runs'],
  ['testing/frameworks'],
  ['testing/index.ts'],
  ['cli'],
  ['eslint'],
  ['embedded'],
]

/** Their rooms have floors of their own. */
const BUILDINGS: readonly string[] = ['net', 'http', 'os', 'trace', 'testing']

const files = readdirSync(join(REPOSITORY, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort()
  .map((file) => {
    const source = readFileSync(join(REPOSITORY, 'src', file), 'utf8')
    const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gmu, '')
    const imports = [...code.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/gu)].flatMap(([, path]) => path ?? [])
    return { file, room: roomAt(file), source, code, imports }
  })

/** The room of a file. */
function roomAt(file: string): string {
  const parts = file.split('/')
  return parts.slice(0, BUILDINGS.includes(parts[0] ?? '') ? 2 : 1).join('/')
}

/** The room that `path`, imported by `file`, leads to. */
function roomOf(file: string, path: string): string {
  return roomAt(new URL(path, `file:///${file}`).pathname.slice(1))
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

describe.each(files)('src/$file', ({ file, room, source, imports }) => {
  it('opens with what it is', () => {
    expect(source.replace(/^#!.*\n/u, '')).toMatch(/^\/\*\*\n \* \S[\s\S]*?\.\n/u)
  })

  it('has at most 400 lines', () => {
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(400)
  })

  it('imports nothing from a floor above', () => {
    if (room === 'index.ts') return
    expect(floorOf(room), `${room} has no floor`).toBeGreaterThanOrEqual(0)
    for (const path of imports.filter((one) => one.startsWith('.'))) {
      const target = roomOf(file, path)
      expect(floorOf(target), path).toBeGreaterThanOrEqual(0)
      expect(floorOf(target), path).toBeLessThanOrEqual(floorOf(room))
    }
  })
})

describe('src/greenlet and what it stands on', () => {
  it.each(files.filter(({ room }) => ['protocol.ts', 'errors', 'greenlet'].includes(room)))(
    '$file imports neither Node nor a package',
    ({ imports }) => {
      expect(imports.filter((path) => !path.startsWith('.'))).toEqual([])
    },
  )
})

describe('the trampoline', () => {
  it('and the frames below it are the only places that step a generator', () => {
    // Who steps one either calls a method of it or takes the method from the prototype. Greenlets and waiters have a throw() of their own,
    // and an operation's own next() is called by `yield*` alone. Cursors and iterators that are no generators are asked under these names,
    // and so is the talk with a proxy, whose steps are what comes on the socket. What `t.shared` gives out for an iterator hands each step on,
    // when whoever was given it asks.
    const steps =
      /(?<!\bthis|\bsuper|#iterator|#chunks|#items|#steps|cursor|yield\* it|\biwait\(\)|\biterate\(\)|\biterContent\(\)|\biterLines\(\)|\btalk)\.next\(|\b(?:frame|generator|gen|iterator|it|body|first|step)\.(?:throw|return)\(|generatorPrototype|(?:next|throw)Step\.call/u
    expect(files.filter(({ code }) => steps.test(code)).map(({ file }) => file)).toEqual([
      'greenlet/frames.ts',
      'greenlet/trampoline.ts',
    ])
  })

  it('has one loop for it, and one line each for value, start and error; green calls and plain iteration have one each', () => {
    const count = (name: string, step: RegExp): number =>
      files.find(({ file }) => file === name)?.code.match(step)?.length ?? 0
    expect(count('greenlet/trampoline.ts', /\bnext\.call\(/gu)).toBe(1)
    expect(count('greenlet/trampoline.ts', /nextStep\.call\(/gu)).toBe(1)
    expect(count('greenlet/trampoline.ts', /throwStep\.call\(/gu)).toBe(1)
    expect(count('greenlet/frames.ts', /nextStep\.call\(/gu)).toBe(2)
    expect(count('greenlet/frames.ts', /throwStep\.call\(/gu)).toBe(2)
  })

  it('calls nothing that drives behind its back', () => {
    // `for...of` and spreading would step a generator; over lists of our own they are fine, so the frame's name is what is looked for.
    for (const { file, code } of files)
      expect(code, file).not.toMatch(/of (?:greenlet\.)?\$?frame\b|\.\.\.(?:greenlet\.)?\$?frame\b/u)
  })
})
