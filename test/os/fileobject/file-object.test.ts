// FileObject: reading, writing, places, several greenlets, and the end, with real files.
import nodeFs, { readFileSync, statSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { each, type Green, GreenletExit, joinall, run, sleep, spawn } from 'greenloop'
import { FileObject, fs, open } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { message, rejection, rejectionMessage, usage } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from '../files/support.ts'

checkLeaks()

/** A file with this content, in a folder of the test. */
function fileOf(content: string | Uint8Array): string {
  const path = folder()('file')
  writeFileSync(path, content)
  return path
}

describe('reading', () => {
  it('gives characters, lines and the rest, and nothing at the end', async () => {
    const path = fileOf('häl\nzwei\r\n\n😀 drei')
    await run(function* () {
      using file = yield* open(path)
      expect(yield* file.read(2)).toBe('hä')
      expect(yield* file.readline()).toBe('l\n')
      expect(yield* file.readline(3)).toBe('zwe')
      expect(yield* file.readlines()).toEqual(['i\r\n', '\n', '😀 drei'])
      expect([yield* file.read(), yield* file.read(1), yield* file.readline()]).toEqual(['', '', ''])
      expect([file.name, file.mode, file.readable, file.writable, file.seekable]).toEqual([
        path,
        'r',
        true,
        false,
        true,
      ])
    })
  })

  it('of bytes gives bytes, into a buffer of the caller, too', async () => {
    const path = fileOf(Buffer.from([1, 10, 255, 3, 4]))
    await run(function* () {
      using file = yield* open(pathToFileURL(path), 'rb')
      expect(file.name).toBe(path)
      expect(yield* file.readline()).toEqual(Buffer.from([1, 10]))
      const into = new Uint8Array(2)
      expect([yield* file.readinto(into), ...into]).toEqual([2, 255, 3])
      expect([yield* file.readinto(into), ...into]).toEqual([1, 4, 3])
      expect(yield* file.readinto(into)).toBe(0)
      yield* file.seek(0)
      expect([yield* file.readinto1(into), ...into]).toEqual([2, 1, 10])
      expect([yield* file.read1(1), yield* file.read1(), yield* file.read1()]).toEqual(
        [[255], [3, 4], []].map((bytes) => Buffer.from(bytes)),
      )
      expect([yield* file.readinto1(into), yield* file.readinto1(new Uint8Array(0))]).toEqual([0, 0])
    })
  })

  it('by cursor gives lines with their ends, by lines() without, and may be given up', async () => {
    const path = fileOf('1\n2\r\n\n3')
    const got: string[] = []
    await run(function* () {
      using file = yield* open(Buffer.from(path))
      const it = file.cursor()
      yield* it.next()
      got.push(it.value)
      it[Symbol.dispose]()
      expect(yield* it.next()).toBe(false)
      yield* each(file, (line) => got.push(line))
      yield* file.seek(0)
      yield* each(file.lines(), (line) => got.push(line))
    })
    await using file = await open(path)
    for await (const line of file.lines()) got.push(line)
    expect(got).toEqual(['1\n', '2\r\n', '\n', '3', '1', '2', '', '3', '1', '2', '', '3'])
  })

  it('goes on behind the end when somebody has written there', async () => {
    const path = fileOf('one\ntw')
    await run(function* () {
      using file = yield* open(path)
      expect(yield* file.readlines()).toEqual(['one\n', 'tw'])
      const rest = Buffer.from('ö\nthree\n')
      nodeFs.appendFileSync(path, rest.subarray(0, 1))
      expect(yield* file.readline()).toBe('\ufffd')
      yield* file.seek(6)
      nodeFs.appendFileSync(path, rest.subarray(1))
      expect([yield* file.readline(), file.tell(), yield* file.readline(), yield* file.readline()]).toEqual([
        'ö\n',
        9,
        'three\n',
        '',
      ])
    })
  })

  it('reads megabytes whole', async () => {
    const content = Buffer.alloc(3_000_000, 'a content of some length ')
    const path = fileOf(content)
    await run(function* () {
      using file = yield* open(path, 'rb')
      expect(content.equals(yield* file.read())).toBe(true)
      expect(file.tell()).toBe(3_000_000)
    })
  })
})

describe('writing', () => {
  it('keeps what is written until it is much, flush(), or the end', async () => {
    const path = folder()('file')
    await run(function* () {
      const file = yield* open(path, 'w', { buffering: 4 })
      expect([yield* file.write('ü'), yield* file.write('ab'), readFileSync(path, 'utf8')]).toEqual([1, 2, ''])
      yield* file.write('c')
      expect(readFileSync(path, 'utf8')).toBe('üabc')
      yield* file.writelines(['1', '2'])
      yield* file.flush()
      yield* file.flush()
      expect(readFileSync(path, 'utf8')).toBe('üabc12')
      yield* file.write('!')
      yield* file.sync()
      expect(readFileSync(path, 'utf8')).toBe('üabc12!')
      yield* file.write('?')
      yield* file.close()
      expect(readFileSync(path, 'utf8')).toBe('üabc12!?')
    })
  })

  it('without buffering hands over each write; bytes are copied', async () => {
    const path = folder()('file')
    await run(function* () {
      using file = yield* open(path, 'wb', { buffering: 0 })
      yield* file.write(new Uint8Array([65, 66]))
      expect(readFileSync(path, 'utf8')).toBe('AB')
      using kept = yield* open(path, 'ab')
      const bytes = Buffer.from('keep')
      yield* kept.write(bytes)
      bytes.fill('!')
      yield* kept.flush()
      expect(readFileSync(path, 'utf8')).toBe('ABkeep')
    })
  })

  it('after a always goes to the end, wherever the file is, and whoever else writes', async () => {
    const path = fileOf('one ')
    await run(function* () {
      using file = yield* open(path, 'a+')
      expect([file.tell(), yield* file.read()]).toEqual([4, ''])
      yield* file.seek(0)
      expect(yield* file.read(2)).toBe('on')
      nodeFs.appendFileSync(path, 'two ')
      yield* file.write('three ')
      expect(file.tell()).toBe(14)
      yield* file.flush()
      expect([file.tell(), yield* file.read()]).toEqual([14, ''])
      yield* file.seek(4)
      expect(yield* file.read()).toBe('two three ')
    })
  })

  it('in other encodings', async () => {
    const path = folder()('file')
    await run(function* () {
      using file = yield* open(path, 'w+', { encoding: 'utf16le' })
      yield* file.write('aü😀\nx')
      yield* file.seek(0)
      expect([yield* file.readline(), file.tell()]).toEqual(['aü😀\n', 10])
    })
    expect(readFileSync(path)).toEqual(Buffer.from('aü😀\nx', 'utf16le'))
  })

  it('x makes a file that is not there, with the permissions', async () => {
    const path = folder()('file')
    await run(function* () {
      const umask = process.umask(0)
      try {
        using file = yield* open(path, 'x', { permissions: 0o640 })
        yield* file.write('new')
      } finally {
        process.umask(umask)
      }
      expect(statSync(path).mode & 0o777).toBe(0o640)
      expect(yield* caughtIn(open(path, 'x'))).toMatchObject({
        message: `EEXIST: file already exists, open '${path}'`,
        code: 'EEXIST',
        syscall: 'open',
        path,
      })
    })
  })
})

describe('places', () => {
  it('tell() counts bytes, also in the middle of what was read ahead', async () => {
    const path = fileOf('aü€😀\nb')
    await run(function* () {
      using file = yield* open(path)
      const places = [file.tell()]
      for (let n = 0; n < 5; n++) {
        yield* file.read(1)
        places.push(file.tell())
      }
      expect(places).toEqual([0, 1, 3, 6, 10, 11])
      for (const [place, text] of [
        [3, '€😀\nb'],
        [10, '\nb'],
        [12, ''],
      ] as const) {
        expect(yield* file.seek(place)).toBe(place)
        expect(yield* file.read()).toBe(text)
      }
    })
  })

  it('seek() goes on from the beginning, from here, and from the end', async () => {
    const path = fileOf('0123456789')
    await run(function* () {
      using file = yield* open(path, 'rb')
      expect([yield* file.seek(3), String(yield* file.read(2))]).toEqual([3, '34'])
      expect([yield* file.seek(2, 1), String(yield* file.read(1))]).toEqual([7, '7'])
      expect([yield* file.seek(-2, 2), String(yield* file.read())]).toEqual([8, '89'])
      expect([yield* file.seek(5, 2), String(yield* file.read())]).toEqual([15, ''])
      expect(messageOfError(yield* caughtIn(file.seek(-20, 1)))).toBe(
        'seek() would go to -5, which is before the beginning of the file.',
      )
      expect(file.tell()).toBe(15)
    })
  })

  it('reading and writing share one', async () => {
    const path = fileOf('one\ntwo\nthree\n')
    await run(function* () {
      using file = yield* open(path, 'r+')
      expect(yield* file.readline()).toBe('one\n')
      expect([yield* file.write('TW'), file.tell()]).toEqual([2, 6])
      expect([yield* file.readline(), file.tell()]).toEqual(['o\n', 8])
      const it = file.lines()
      yield* file.write('T')
      expect([yield* it.next(), it.value]).toEqual([true, 'hree'])
      yield* file.seek(20)
      yield* file.write('!')
    })
    expect(readFileSync(path, 'utf8')).toBe('one\nTWo\nThree\n\0\0\0\0\0\0!')
  })

  it('truncate() ends the file here, or there, and leaves the place', async () => {
    const path = fileOf('0123456789')
    await run(function* () {
      using file = yield* open(path, 'r+b')
      yield* file.read(6)
      expect([yield* file.truncate(), file.tell(), String(yield* file.read())]).toEqual([6, 6, ''])
      yield* file.seek(2)
      yield* file.write(Buffer.from('xy'))
      expect([yield* file.truncate(3), file.tell()]).toEqual([3, 4])
      expect(readFileSync(path, 'utf8')).toBe('01x')
      expect(yield* file.truncate(5)).toBe(5)
      expect(readFileSync(path, 'utf8')).toBe('01x\0\0')
    })
  })
})

describe('several greenlets', () => {
  it('that write lines: each comes out whole', async () => {
    const path = folder()('log')
    await run(function* () {
      using file = yield* open(path, 'w', { buffering: 10 })
      function* writer(name: string): Green<void> {
        for (let n = 0; n < 20; n++) yield* file.write(`${name} says something, ${n}\n`)
      }
      yield* joinall([spawn(writer, 'a'), spawn(writer, 'b'), spawn(writer, 'c')], { raiseError: true })
    })
    const lines = readFileSync(path, 'utf8').split('\n')
    expect(lines.sort()).toEqual(
      [
        '',
        ...['a', 'b', 'c'].flatMap((name) => Array.from({ length: 20 }, (_, n) => `${name} says something, ${n}`)),
      ].sort(),
    )
  })

  it('that read lines: each is given to one of them, in their order', async () => {
    const path = fileOf(Array.from({ length: 12 }, (_, n) => `${n}\n`).join(''))
    await run(function* () {
      using file = yield* open(path)
      const got: string[] = []
      const readers = ['a', 'b', 'c'].map((name) =>
        spawn(function* () {
          got.push(name + (yield* file.readline()))
        }),
      )
      yield* joinall(readers, { raiseError: true })
      expect(got).toEqual(['a0\n', 'b1\n', 'c2\n'])
    })
  })
})

describe('the end', () => {
  it.runIf(TELLS_OPEN)('close() writes, closes the descriptor, and may be called again', async () => {
    const path = folder()('file')
    const file = await open(path, 'w')
    expect([file.closed, file.fileno() > 2, openUnder(path)]).toEqual([false, true, [path]])
    await file.write('x')
    await file.close()
    await file.close()
    expect([file.closed, openUnder(path), readFileSync(path, 'utf8')]).toEqual([true, [], 'x'])
  })

  it.runIf(TELLS_OPEN)('of a using block: what was written is in the file, and the descriptor closed', async () => {
    const path = folder()('file')
    await run(function* () {
      {
        using file = yield* open(path, 'w+')
        yield* file.write('one')
        yield* file.seek(1)
        yield* file.write('NE and more')
        expect(readFileSync(path, 'utf8')).toBe('one')
      }
      expect([openUnder(path), readFileSync(path, 'utf8')]).toEqual([[], 'oNE and more'])
      {
        using file = yield* open(path, 'a')
        yield* file.write('!')
      }
      expect([openUnder(path), readFileSync(path, 'utf8')]).toEqual([[], 'oNE and more!'])
    })
  })

  it.runIf(TELLS_OPEN)('of await using in async code', async () => {
    const path = folder()('file')
    {
      await using file = await open(path, 'w')
      await file.write('x')
    }
    expect([openUnder(path), readFileSync(path, 'utf8')]).toEqual([[], 'x'])
  })

  it('comes for those in line: their calls fail, and what was begun is given', async () => {
    const path = fileOf('x'.repeat(200_000))
    const reports = catchReports()
    await run(function* () {
      const file = yield* open(path)
      const first = spawn(() => file.read())
      const second = spawn(() => file.read())
      const it = file.lines()
      yield* sleep(0)
      yield* file.close()
      yield* joinall([first, second])
      const text = `the file ${JSON.stringify(path)}: it was closed meanwhile.`
      expect(messageOfError(yield* caughtIn(first.get()))).toBe(`read() of ${text}`)
      expect(messageOfError(yield* caughtIn(second.get()))).toBe(`read() of ${text}`)
      expect(messageOfError(yield* caughtIn(it.next()))).toBe(
        `next() was called of the file ${JSON.stringify(path)}, which is closed.`,
      )
    })
    expect(reports.length).toBe(2) // both had failed before somebody asked
  })

  it('of a descriptor that is borrowed leaves it open', async () => {
    const path = fileOf('one two')
    const fd = nodeFs.openSync(path, 'r+')
    const file = new FileObject(fd, 'r+', { closefd: false })
    expect([file.name, await file.read(3), file.fileno()]).toEqual([fd, 'one', fd])
    await file.write('!')
    await file.close()
    new FileObject<Buffer>(fd, 'rb', { closefd: false })[Symbol.dispose]()
    const again = new FileObject<Buffer>(fd, 'a+b', { name: 'the log' })
    expect([again.name, again.tell()]).toEqual(['the log', 7])
    await again.write(Buffer.from('!'))
    again[Symbol.dispose]()
    expect(readFileSync(path, 'utf8')).toBe('one!two!')
    expect(message(() => nodeFs.fstatSync(fd))).toBe('EBADF: bad file descriptor, fstat')
    expect(message(() => new FileObject(fd))).toBe('EBADF: bad file descriptor, fstat')
  })
})

describe('errors of the world', () => {
  it('are Node’s own, with the place in the program', async () => {
    const at = folder()
    const missing = await rejection(
      run(function* openIt() {
        yield* open(at('none'))
      }),
    )
    expect(missing).toMatchObject({
      message: `ENOENT: no such file or directory, open '${at('none')}'`,
      code: 'ENOENT',
    })
    expect((missing as Error).stack).toMatch(/at openIt/u)
    const directory = await rejection(
      run(function* readIt() {
        using file = yield* open(at())
        yield* file.read()
      }),
    )
    expect(directory).toMatchObject({
      message: `EISDIR: illegal operation on a directory, read '${at()}'`,
      code: 'EISDIR',
      syscall: 'read',
      path: at(),
    })
    expect((directory as Error).stack).toMatch(/^Error: EISDIR: [^\n]* '[^\n]*'\n[^]*at readIt/u)
    expect(await rejectionMessage(open(at(), 'w'))).toBe(`EISDIR: illegal operation on a directory, open '${at()}'`)
  })

  it.runIf(nodeFs.existsSync('/dev/full'))(
    'a full disk: flush() and close() say so, and the descriptor is closed',
    async () => {
      const full = "ENOSPC: no space left on device, write '/dev/full'"
      await run(function* () {
        const file = yield* open('/dev/full', 'w')
        yield* file.write('x')
        expect(messageOfError(yield* caughtIn(file.flush()))).toBe(full)
        yield* file.write('y')
        expect(messageOfError(yield* caughtIn(file.close()))).toBe(full)
        expect([file.closed, openUnder('/dev/full')]).toEqual([true, []])
        expect(messageOfError(yield* caughtIn(usingFull()))).toBe(full)
        expect(openUnder('/dev/full')).toEqual([])
      })
    },
  )
})

function* usingFull(): Green<void> {
  using file = yield* open('/dev/full', 'wb')
  yield* file.write(Buffer.from('x'))
}

describe('wrong uses are refused at the call', () => {
  it('by open()', () => {
    const call = (...args: unknown[]) => usage(() => open(...(args as [string])))
    expect(call(5)).toBe('open() expects a path, a string, a Buffer or a URL, but got 5 (number).')
    const modes =
      "open() expects a mode, 'r', 'w', 'a' or 'x', with a '+' for reading and writing and a 'b' for bytes, but got"
    expect(call('x', 'rw')).toBe(`${modes} "rw" (string).`)
    expect(call('x', 'rbt')).toBe(`${modes} "rbt" (string).`)
    expect(call('x', 'r+b+')).toBe(`${modes} "r+b+" (string).`)
    expect(call('x', { encoding: 'utf8' })).toBe(`${modes} an Object.`)
    expect(call('x', 'r', 'utf8')).toBe(
      'open() expects its options as an object, such as { encoding: \'latin1\' }, but got "utf8" (string).',
    )
    expect(call('x', 'r', { encoding: 'ebcdic' })).toBe(
      'open() expects `encoding` to be one of Node\'s, but got "ebcdic" (string).',
    )
    expect(call('x', 'rb', { encoding: 'utf8' })).toBe(
      'open() takes no `encoding` for a file of bytes, but got "utf8" (string).',
    )
    expect(call('x', 'w', { buffering: -1 })).toBe(
      'open() expects `buffering` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(call('x', 'w', { permissions: '600' })).toBe(
      'open() expects `permissions` to be an integer, such as 0o600, but got "600" (string).',
    )
  })

  it('by a file', async () => {
    const at = folder()
    const [writer, binary] = [await open(at('file'), 'w'), await open(at('file'), 'w+b')]
    const reader = await open(at('file'))
    const label = `the file ${JSON.stringify(at('file'))}`
    const texts: [() => unknown, string][] = [
      [() => writer.readline(), `readline() was called of ${label}, which was opened with the mode 'w'.`],
      [() => writer.cursor(), `cursor() was called of ${label}, which was opened with the mode 'w'.`],
      [() => reader.write('x'), `write() was called of ${label}, which was opened with the mode 'r'.`],
      [() => reader.truncate(), `truncate() was called of ${label}, which was opened with the mode 'r'.`],
      [() => writer.write(5 as never), 'write() of a file of text expects a string, but got 5 (number).'],
      [() => binary.write('x' as never), 'write() of a file of bytes expects a Uint8Array, but got "x" (string).'],
      [() => writer.writelines('xy' as never), 'writelines() expects an iterable, but got "xy" (string).'],
      [() => reader.read(-1), 'read() expects `size` to be an integer, 0 or more, but got -1 (number).'],
      [() => reader.readline(1.5), 'readline() expects `size` to be an integer, 0 or more, but got 1.5 (number).'],
      [() => binary.truncate(-1), 'truncate() expects `size` to be an integer, 0 or more, but got -1 (number).'],
      [() => reader.readinto(new Uint8Array(1)), `readinto() was called of ${label}, which is one of text.`],
      [() => binary.readinto('x' as never), 'readinto() expects a Uint8Array, but got "x" (string).'],
      [() => reader.seek(0.5), 'seek() expects `offset` to be an integer, but got 0.5 (number).'],
      [() => reader.seek(-1), 'seek() would go to -1, which is before the beginning of the file.'],
      [
        () => reader.seek(0, 3 as never),
        'seek() expects `whence` to be 0 (from the beginning), 1 (from here) or 2 (from the end), but got 3 (number).',
      ],
      [
        () => new FileObject(reader.fileno(), 'r', { closefd: 1 as never }),
        'new FileObject() expects `closefd` to be a boolean, but got 1 (number).',
      ],
    ]
    for (const [call, text] of texts) expect(usage(call)).toBe(text)
    expect(await rejectionMessage(writer.writelines(['fine', 7 as never]))).toBe(
      'writelines() of a file of text expects a string, but got 7 (number).',
    )
    for (const file of [writer, binary, reader]) await file.close()
    for (const call of [
      'fileno',
      'read',
      'readline',
      'readlines',
      'cursor',
      'lines',
      'flush',
      'tell',
      'truncate',
    ] as const)
      expect(usage(() => binary[call]())).toBe(`${call}() was called of ${label}, which is closed.`)
  })
})

describe('undriven', () => {
  it('nothing happens, and a call says what it is', async () => {
    const path = folder()('file')
    expect(shown(open(path, 'w+b'))).toBe(`open(${JSON.stringify(path)}, 'w+b')`)
    expect(nodeFs.existsSync(path)).toBe(false)
    await using file = await open(path, 'w+')
    const calls: object[] = [file.write('x'), file.read(), file.seek(5), file.truncate(9), file.lines().next()]
    expect(calls.map(shown)).toEqual([
      'file.write()',
      'file.read()',
      'file.seek()',
      'file.truncate()',
      'next() of file.lines()',
    ])
    expect(file.tell()).toBe(0)
    const twice = file.write('ab')
    await twice
    await twice
    await file.flush()
    expect(readFileSync(path, 'utf8')).toBe('abab')
  })

  it('what waits for a disk says for which', async () => {
    const path = fileOf('x')
    await run(function* () {
      using file = yield* open(path)
      const reader = spawn(() => file.read())
      yield* sleep(0)
      expect(reader.$wait?.describe()).toBe(`read() of the file ${JSON.stringify(path)}`)
      yield* reader.kill()
      expect(reader.value).toBeInstanceOf(GreenletExit)
    })
    await eventually('it is closed', () => !TELLS_OPEN || openUnder(path).length === 0)
  })

  it('fs works on its descriptor', async () => {
    const path = folder()('file')
    await run(function* () {
      using file = yield* open(path, 'w')
      yield* file.write('x')
      yield* file.flush()
      yield* fs.fsync(file.fileno())
      expect((yield* fs.fstat(file.fileno())).size).toBe(1)
    })
  })
})

function shown(call: { toString(): string }): string {
  return call.toString()
}

function messageOfError(error: unknown): string {
  return (error as Error).message
}

function* caughtIn(made: { [Symbol.iterator](): unknown }): Green<unknown> {
  try {
    yield* made as Green<unknown>
  } catch (error) {
    if (error instanceof GreenletExit) throw error
    return error
  }
  throw new Error('Nothing was thrown.')
}
