// makefile(): a socket read by lines and written in pieces, as text and as bytes.
import { each, type Green, GreenletExit, run, SocketTimeoutError, sleep, spawn } from 'greenloop'
import type { Socket } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { made, pair, readAll } from './support.ts'

checkLeaks()

/** Sends each piece by itself, and closes. */
function* sent(socket: Socket, ...pieces: (string | Uint8Array)[]): Green<void> {
  for (const piece of pieces) {
    yield* socket.sendall(piece)
    yield* sleep(1)
  }
  socket.close()
}

describe('readline()', () => {
  it('gives line by line with their ends, however they come, and an empty line at the end of all', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, 'on', 'e\ntw', 'o\r\n\nfo', 'ur')
      const file = here.makefile()
      const lines: string[] = []
      for (let n = 0; n < 6; n++) lines.push(yield* file.readline())
      expect(lines).toEqual(['one\n', 'two\r\n', '\n', 'four', '', ''])
    })
  })

  it('gives at most as much as was asked for', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, 'abc', 'def\nghi')
      const file = here.makefile('r')
      const lines: string[] = []
      for (const size of [2, 100, 2, 2]) lines.push(yield* file.readline(size))
      expect(lines).toEqual(['ab', 'cdef\n', 'gh', 'i'])
      expect(yield* file.readline(0)).toBe('')
    })
  })

  it('that is killed, or timed out, loses nothing of the line', async () => {
    const [here, there] = await pair()
    const file = here.makefile()
    await run(function* () {
      yield* there.sendall('half ')
      const victim = spawn(() => file.readline())
      yield* sleep(3)
      yield* victim.kill()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      here.settimeout(2)
      yield* there.sendall('a ')
      expect(yield* caughtIn(file.readline())).toBeInstanceOf(SocketTimeoutError)
      here.settimeout(null)
      yield* there.sendall('line\n')
      expect(yield* file.readline()).toBe('half a line\n')
    })
  })
})

describe('read()', () => {
  it('waits for as much as was asked for, and gives less only at the end', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, 'ab', 'cd', 'ef', 'g')
      const file = here.makefile()
      expect([yield* file.read(3), yield* file.read(0), yield* file.read(3), yield* file.read(3)]).toEqual([
        'abc',
        '',
        'def',
        'g',
      ])
      expect(yield* file.read()).toBe('')
    })
  })

  it('without a size gives all until the peer ends, and mixes with lines', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, 'head\nbo', 'dy\nof', ' it')
      const file = here.makefile('rb')
      expect(yield* file.readline()).toEqual(Buffer.from('head\n'))
      expect(yield* file.read(2)).toEqual(Buffer.from('bo'))
      expect(String(yield* file.read())).toBe('dy\nof it')
    })
  })

  it('puts characters together that come in two pieces, and shows what was cut off', async () => {
    const [here, there] = await pair()
    const euro = Buffer.from('€')
    await run(function* () {
      spawn(sent, there, euro.subarray(0, 1), euro.subarray(1), euro.subarray(0, 2))
      const file = here.makefile()
      expect(yield* file.read(1)).toBe('€')
      expect(yield* file.read()).toBe('\ufffd')
    })
  })

  it('has other encodings', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, Buffer.from([0xfc, 0x0a]))
      expect(yield* here.makefile('r', { encoding: 'latin1' }).readlines()).toEqual(['ü\n'])
    })
  })
})

describe('readlines() and cursor()', () => {
  it('give all lines until the peer ends', async () => {
    const [here, there] = await pair()
    await run(function* () {
      spawn(sent, there, 'a\nb\n', 'c')
      expect(yield* here.makefile('rb').readlines()).toEqual(['a\n', 'b\n', 'c'].map((line) => Buffer.from(line)))
    })
  })

  it('as a sequence: with next(), with each(), and in async code; it can be given up', async () => {
    const [here, there] = await pair()
    const file = here.makefile()
    const lines: string[] = []
    await run(function* () {
      yield* there.sendall('1\n2\n3\n4\n5\n6\n')
      there.close()
      const it = file.cursor()
      for (let n = 0; n < 2 && (yield* it.next()); n++) lines.push(it.value)
      it[Symbol.dispose]()
      expect(yield* it.next()).toBe(false)
    })
    for await (const line of file.cursor()) {
      lines.push(line)
      if (line === '4\n') break
    }
    await each(file, (line) => lines.push(line))
    expect(lines).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n', '6\n'])
  })
})

describe('write()', () => {
  it('keeps what is written until flush(), or until it is too much, or the file is closed', async () => {
    const [here, there] = await pair()
    await run(function* () {
      const file = here.makefile('w', { buffering: 4 })
      expect(yield* file.write('ü')).toBe(1)
      there.settimeout(2)
      expect(yield* caughtIn(there.recv(10))).toBeInstanceOf(SocketTimeoutError)
      yield* file.flush()
      yield* file.flush()
      expect(String(yield* there.recv(10))).toBe('ü')
      yield* file.write('12')
      yield* file.write('345')
      expect(String(yield* there.recv(10))).toBe('12345')
      yield* file.write('end')
      yield* file.close()
      yield* file.close()
      expect(file.closed).toBe(true)
      expect(String(yield* there.recv(10))).toBe('end')
      yield* here.sendall('the socket is open')
      expect(String(yield* there.recv(100))).toBe('the socket is open')
    })
  })

  it('without buffering sends at once, and bytes; the caller may use its buffer again', async () => {
    const [here, there] = await pair()
    await run(function* () {
      const [unbuffered, buffered] = [here.makefile('wb', { buffering: 0 }), here.makefile('rwb')]
      expect(yield* unbuffered.write(new Uint8Array([65, 66]))).toBe(2)
      expect(String(yield* there.recv(10))).toBe('AB')
      const bytes = Buffer.from('keep')
      yield* buffered.write(bytes)
      bytes.fill('!')
      yield* buffered.flush()
      here.close()
      expect(String(yield* readAll(there))).toBe('keep')
    })
  })
})

describe('wrong uses are refused at the call', () => {
  it('modes and options', () => {
    const socket = made()
    const make = (mode: unknown, options?: unknown) => usage(() => socket.makefile(mode as 'r', options as object))
    expect(make('a')).toBe("makefile() expects a mode, 'r', 'w' or 'rw', with a 'b' for bytes, but got \"a\" (string).")
    expect(make('r', { encoding: 'ebcdic' })).toBe(
      'makefile() expects `encoding` to be one of Node\'s, but got "ebcdic" (string).',
    )
    expect(make('w', { buffering: -1 })).toBe(
      'makefile() expects `buffering` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(make('w', 8192)).toBe(
      "makefile() expects its options as an object, such as { encoding: 'latin1' }, but got 8192 (number).",
    )
  })

  it('reading of a file for writing, writing of one for reading, data of the other kind, a closed file', async () => {
    const socket = made()
    const [reader, writer, binary] = [socket.makefile('r'), socket.makefile('w'), socket.makefile('wb')]
    expect(usage(() => writer.readline())).toBe("readline() was called of a file that was made with the mode 'w'.")
    expect(usage(() => reader.write('x'))).toBe("write() was called of a file that was made with the mode 'r'.")
    expect(usage(() => writer.write(5 as never))).toBe(
      'write() of a file of text expects a string, but got 5 (number).',
    )
    expect(usage(() => binary.write('x' as never))).toBe(
      'write() of a file of bytes expects a Uint8Array, but got "x" (string).',
    )
    expect(usage(() => reader.read(-1))).toBe('read() expects `size` to be an integer, 0 or more, but got -1 (number).')
    await reader.close()
    expect(usage(() => reader.cursor())).toBe('cursor() was called of a file that is closed.')
  })

  it('what recv() throws comes through', async () => {
    expect(messageOf(await rejection(made().makefile().read()))).toMatch(/^recv ENOTCONN: /u)
  })
})

function* caughtIn(operation: { [Symbol.iterator](): unknown }): Green<unknown> {
  try {
    yield* operation as Green<unknown>
  } catch (error) {
    if (error instanceof GreenletExit) throw error
    return error
  }
  throw new Error('Nothing was thrown.')
}
