// The same calls by Python's open() and by ours: the same results, and the same file in the end.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { type Green, type Operation, run } from 'greenloop'
import { type FileMode, type FileObject, open } from 'greenloop/os'
import { expect, it } from 'vitest'
import { randomOf } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { folder } from '../files/support.ts'

checkLeaks()

const PYTHON = '/usr/bin/python3'
const SEED = 11

type Call = [
  name: 'read' | 'readline' | 'readlines' | 'write' | 'seek' | 'tell' | 'truncate' | 'flush',
  ...args: (string | number)[],
]

/** A file with `content` is opened so, and these calls are made. */
interface Program {
  mode: FileMode
  encoding: BufferEncoding | null
  content: string
  calls: Call[]
}

/** Reads programs from its standard input and answers what they gave. Text is compared as text, bytes as Latin-1. */
const SCRIPT = `
import json, os, sys
out = []
for program in json.load(sys.stdin):
    path = sys.argv[1]
    content = program['content'].encode('utf-8' if program['encoding'] is None else program['encoding'])
    with open(path, 'wb') as file:
        file.write(content)
    binary = 'b' in program['mode']
    text = {} if binary else dict(encoding=program['encoding'], newline='\\n')
    results = []
    if 'x' in program['mode']:
        os.unlink(path)
    with open(path, program['mode'], **text) as file:
        for name, *args in program['calls']:
            if name == 'write' and binary:
                args = [args[0].encode('latin-1')]
            result = getattr(file, name)(*args)
            if name == 'flush':
                result = None
            if name == 'readlines':
                result = [line.decode('latin-1') if binary else line for line in result]
            elif isinstance(result, bytes):
                result = result.decode('latin-1')
            results.append(result)
    with open(path, 'rb') as file:
        out.append([results, file.read().decode('latin-1')])
json.dump(out, sys.stdout)
`

/** Programs that no random one would be sure to contain. */
const CHOSEN: Program[] = [
  {
    mode: 'r',
    encoding: 'utf-8',
    content: 'eins\r\nzwei\n\ndreü',
    calls: [['readline'], ['tell'], ['readlines'], ['read'], ['tell']],
  },
  {
    mode: 'a+',
    encoding: 'utf-8',
    content: 'one\n',
    calls: [['tell'], ['read'], ['write', 'two\n'], ['seek', 0], ['read']],
  },
  {
    mode: 'a+b',
    encoding: null,
    content: 'abc',
    calls: [
      ['seek', 1],
      ['write', 'de'],
      ['seek', 2],
      ['read'],
      ['tell'],
      ['truncate', 4],
      ['write', '!'],
      ['flush'],
      ['seek', 0],
      ['read'],
    ],
  },
  { mode: 'x+b', encoding: null, content: '', calls: [['write', 'abc'], ['seek', -2, 1], ['read'], ['tell']] },
  {
    mode: 'w+',
    encoding: 'utf-16-le' as BufferEncoding,
    content: 'x',
    calls: [['write', 'aü\nb'], ['seek', 0], ['readline'], ['tell'], ['read']],
  },
  {
    mode: 'rb',
    encoding: null,
    content: 'abc',
    calls: [['seek', 10], ['read'], ['tell'], ['seek', -3, 2], ['read', 2], ['read', 0]],
  },
]

function madeUp(random: () => number): Program {
  const pick = <T>(...from: T[]): T => from[Math.floor(random() * from.length)] as T
  const textOf = (size: number, ...from: string[]) => Array.from({ length: size }, () => pick(...from)).join('')
  const mode = pick<FileMode>('r', 'rb', 'r+b', 'w+b', 'wb', 'ab', 'w', 'a')
  const binary = mode.includes('b')
  const [reads, writes] = [/r|\+/u.test(mode), /[wa+]/u.test(mode)]
  const encoding = binary ? null : pick<BufferEncoding>('utf-8', 'latin1')
  const letters = binary || encoding === 'latin1' ? ['a', 'b', '\n', 'ü'] : ['a', '\n', 'ü', '€']
  // Python tells, before a flush, where what is appended would lie if it was not appended.
  const tell: Call[] = mode.startsWith('a') ? [['flush'], ['tell']] : [['tell']]
  const calls: Call[] = []
  for (let n = 0; n < 12; n++) {
    const kind = random()
    if (kind < 0.4 && reads)
      calls.push(pick<Call>(['read', 1 + Math.floor(random() * 6)], ['readline'], ['readline', 3], ['read', 0]))
    else if (kind < 0.7 && writes) calls.push(['write', textOf(1 + Math.floor(random() * 8), ...letters)])
    else if (kind < 0.8 && binary)
      calls.push(pick<Call>(['seek', Math.floor(random() * 12)], ['seek', 0, 2], ['seek', 2, 1]))
    else if (kind < 0.85) calls.push(['seek', 0])
    else if (kind < 0.9 && reads) calls.push(['readlines'])
    else if (kind < 0.95 && mode.includes('+')) calls.push(['truncate', Math.floor(random() * 10)])
    else calls.push(...pick<Call[]>(tell, [['flush']]))
  }
  return { mode, encoding, content: textOf(20, ...letters), calls: [...calls, ...tell] }
}

it.runIf(existsSync(PYTHON))('does what Python does', async () => {
  const path = folder()('file')
  const random = randomOf(SEED)
  const programs = [...CHOSEN, ...Array.from({ length: 80 }, () => madeUp(random))]
  const answer = execFileSync(PYTHON, ['-c', SCRIPT, path], { input: JSON.stringify(programs), encoding: 'utf8' })
  const theirs = JSON.parse(answer) as [unknown[], string][]
  expect(theirs.length).toBe(programs.length)
  await run(function* () {
    for (const [n, program] of programs.entries()) {
      const { mode, calls } = program
      const encoding = program.encoding?.replace('utf-16-le', 'utf16le') as BufferEncoding | undefined
      writeFileSync(path, Buffer.from(program.content, encoding ?? 'utf8'))
      const results: unknown[] = []
      const options = encoding === undefined ? {} : { encoding }
      if (mode.includes('x')) unlinkSync(path)
      {
        using file = yield* open(path, mode, options)
        for (const [name, ...args] of calls) results.push(plain(yield* called(file, name, args)))
      }
      expect({ program, n, results, file: readFileSync(path, 'latin1') }).toEqual({
        program,
        n,
        results: theirs[n]?.[0],
        file: theirs[n]?.[1],
      })
    }
  })
})

/** Makes a call, as it stands in the table. */
function* called(file: FileObject<string | Buffer>, name: Call[0], args: readonly (string | number)[]): Green<unknown> {
  if (name === 'tell') return file.tell()
  if (name === 'write') {
    const [text] = args as [string]
    return yield* (file as FileObject).write(file.mode.includes('b') ? (Buffer.from(text, 'latin1') as never) : text)
  }
  // The table has fitting arguments.
  const method = file[name] as (this: unknown, ...given: (string | number)[]) => Operation<unknown>
  return yield* method.apply(file, [...args])
}

/** A result as JSON has it. */
function plain(result: unknown): unknown {
  if (Buffer.isBuffer(result)) return result.toString('latin1')
  return Array.isArray(result) ? result.map(plain) : (result ?? null)
}
