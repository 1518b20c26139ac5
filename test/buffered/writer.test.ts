// The buffered writer: what is kept, what is sent when, and that a kill sends nothing twice and takes nothing back.
import { type Green, GreenletExit, type Operation, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { BufferedWriter } from '../../src/buffered/writer.ts'
import { operation } from '../../src/waiting/operation.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** A writer, and what it has sent. Sending takes two milliseconds. */
function writerOf(buffering: number, encoding: BufferEncoding | null = 'utf8'): [BufferedWriter, string[]] {
  const sent: string[] = []
  const send = (data: Buffer): Operation<void> =>
    operation('send()', function* (): Green<void> {
      sent.push(data.toString('latin1'))
      yield* sleep(2)
    })
  return [new BufferedWriter(send, encoding, buffering), sent]
}

describe('write()', () => {
  it('keeps what is written until it is more than it may keep', () => {
    const { clock } = virtualHub()
    const [writer, sent] = writerOf(4)
    const lengths: number[] = []
    spawn(function* () {
      for (const text of ['ü', '12', '345', '6']) lengths.push(yield* writer.write(text), writer.unsent, sent.length)
    })
    clock.run()
    expect(lengths).toEqual([1, 2, 0, 2, 4, 0, 3, 0, 1, 1, 1, 1])
    expect(sent).toEqual(['Ã¼12345'])
  })

  it('without buffering sends at once; the caller may use its bytes again', () => {
    const { clock } = virtualHub()
    const [writer, sent] = writerOf(0, null)
    const [kept] = writerOf(10, null)
    spawn(function* () {
      yield* writer.write(new Uint8Array([65, 66]))
      const bytes = Buffer.from('keep')
      yield* kept.write(bytes)
      bytes.fill('!')
    })
    clock.run()
    expect(sent).toEqual(['AB'])
    expect(String(kept.take())).toBe('keep')
    expect(kept.unsent).toBe(0)
  })

  it('writes text in the encoding', () => {
    const [writer] = writerOf(10, 'latin1')
    expect(writer.add('ü')).toBe(false)
    expect(writer.take()).toEqual(Buffer.from([0xfc]))
  })
})

describe('flush()', () => {
  it('sends all of it in one go, and nothing when there is nothing', () => {
    const { clock } = virtualHub()
    const [writer, sent] = writerOf(100)
    spawn(function* () {
      yield* writer.flush()
      yield* writer.write('a')
      yield* writer.write('b')
      yield* writer.flush()
      yield* writer.flush()
    })
    clock.run()
    expect(sent).toEqual(['ab'])
  })

  it('that is killed has handed all over: it is not sent again', () => {
    const { clock } = virtualHub()
    const [writer, sent] = writerOf(100)
    const victim = spawn(function* () {
      yield* writer.write('once')
      yield* writer.flush()
    })
    spawn(function* () {
      yield* sleep(1)
      yield* victim.kill()
      yield* writer.flush()
    })
    clock.run()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(sent).toEqual(['once'])
    expect(writer.unsent).toBe(0)
  })
})

describe('hasRoomFor()', () => {
  it('says whether it would be kept, whatever the characters', () => {
    const [writer] = writerOf(6)
    expect([writer.hasRoomFor('€€'), writer.hasRoomFor('€€€'), writer.hasRoomFor(Buffer.alloc(6))]).toEqual([
      true,
      false,
      true,
    ])
    writer.add('a')
    expect([writer.hasRoomFor('€€'), writer.hasRoomFor(Buffer.alloc(5))]).toEqual([false, true])
  })
})
