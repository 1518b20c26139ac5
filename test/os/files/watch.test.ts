// watch: a cursor over what changes, which keeps each change once until it is read.
import { EventEmitter } from 'node:events'
import nodeFs from 'node:fs'
import { choose, each, type Operation, run, setDebug, sleep, spawn } from 'greenloop'
import { watch } from 'greenloop/os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually, inWait } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection, rejectionMessage, thrown, usage } from '../../support/thrown.ts'
import { folder } from './support.ts'

checkLeaks()

/** In the place of Node's watcher: tells what it is told to tell. */
class FakeWatcher extends EventEmitter {
  closed = false
  /** Whether the process stays for it. */
  isRef = true

  ref(): void {
    this.isRef = true
  }

  unref(): void {
    this.isRef = false
  }

  close(): void {
    if (!this.closed) process.nextTick(() => this.emit('close'))
    this.closed = true
  }

  change(filename: string | null, eventType = 'change'): void {
    this.emit('change', eventType, filename)
  }
}

/** The next watch is over this one. */
function fake(): FakeWatcher {
  const watcher = new FakeWatcher()
  const spy = vi.spyOn(nodeFs, 'watch').mockReturnValue(watcher as never)
  onTestFinished(() => {
    spy.mockRestore()
  })
  return watcher
}

const change = (filename: string | null, eventType = 'change'): object => ({ eventType, filename })

describe('watch()', () => {
  it('tells what happens in a folder from the call on, though nobody reads yet', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('before'), '')
    using changes = watch(at())
    nodeFs.writeFileSync(at('news'), 'x')
    nodeFs.rmSync(at('before'))
    await run(function* () {
      const names = new Set<string | null>()
      while (names.size < 2 && (yield* changes.next())) names.add(changes.value.filename)
      expect([...names].sort()).toEqual(['before', 'news'])
    })
  })

  it('tells that a file has changed', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), '')
    using changes = watch(at('file'))
    const reader = spawn(function* () {
      yield* changes.next()
      return changes.value
    })
    await inWait(reader)
    nodeFs.appendFileSync(at('file'), 'x')
    expect(await reader.get()).toEqual(change('file'))
  })

  it('of all folders within, if it is told to', async () => {
    const at = folder()
    nodeFs.mkdirSync(at('below'))
    using changes = watch(at(), { recursive: true })
    nodeFs.writeFileSync(at('below', 'file'), 'x')
    await run(function* () {
      const names: (string | null)[] = []
      while (!names.some((name) => name?.endsWith('file'))) {
        nodeFs.appendFileSync(at('below', 'file'), 'x') // some Nodes have to find the folder first
        const [key] = yield* choose({ next: changes.next(), later: sleep(20) })
        if (key === 'next') names.push(changes.value.filename)
      }
    })
  })

  it('refuses at the call what cannot be watched', () => {
    expect(thrown(() => watch('/nowhere/at/all'))).toMatchObject({ code: 'ENOENT', syscall: 'watch' })
    expect(usage(() => watch('.', true as never))).toBe(
      'watch() expects its options as an object, such as { recursive: true }, but got true (boolean).',
    )
    expect((thrown(() => watch(5 as never)) as Error).message).toContain('must be of type string')
  })

  it('hands the options on', () => {
    const watcher = fake()
    watch('x', { encoding: 'hex' })[Symbol.dispose]()
    expect(nodeFs.watch).toHaveBeenCalledWith('x', { recursive: false, encoding: 'hex' })
    expect(watcher.closed).toBe(true)
  })
})

describe('its cursor', () => {
  it('wakes who waits, and keeps in order what nobody waits for', async () => {
    const watcher = fake()
    const changes = watch('x')
    const read: unknown[] = []
    const reader = spawn(() => each(changes, (value) => void read.push(value)))
    await inWait(reader)
    for (const name of ['a', 'b', 'c']) watcher.change(name, 'rename')
    await eventually('all are read', () => read.length === 3)
    expect(read).toEqual([change('a', 'rename'), change('b', 'rename'), change('c', 'rename')])
    changes[Symbol.dispose]()
    await reader.join()
  })

  it('keeps a change once until it is read, where it came first', async () => {
    const watcher = fake()
    using changes = watch('x')
    for (const name of ['a', 'b', 'a', 'a', null, 'b', null]) watcher.change(name)
    watcher.change('a', 'rename')
    const read: unknown[] = []
    for (let i = 0; i < 4; i++) {
      expect(await changes.next()).toBe(true)
      read.push(changes.value)
    }
    expect(read).toEqual([change('a'), change('b'), change(null), change('a', 'rename')])
    watcher.change('a')
    await changes.next()
    expect(changes.value).toEqual(change('a'))
  })

  it('makes of more than 1000 unread ones a single one that names no file', async () => {
    const watcher = fake()
    using changes = watch('x')
    for (let i = 0; i < 1000; i++) watcher.change(`f${i}`)
    await changes.next()
    expect(changes.value).toEqual(change('f0'))
    watcher.change('f0')
    watcher.change('more')
    watcher.change('behind')
    const read: unknown[] = []
    for (let i = 0; i < 3; i++) {
      await changes.next()
      read.push(changes.value)
    }
    expect(read).toEqual([change(null, 'rename'), change('more'), change('behind')])
  })

  it('goes on after a kill, and nothing is lost', async () => {
    const watcher = fake()
    using changes = watch('x')
    const victim = spawn(() => changes.next())
    await inWait(victim)
    victim.kill()
    await victim.join()
    watcher.change('a')
    expect(await changes.next()).toBe(true)
    expect(changes.value).toEqual(change('a'))
  })

  it('has one reader at a time', async () => {
    fake()
    using changes = watch('x')
    const first = spawn(() => changes.next())
    await inWait(first)
    expect(await rejectionMessage(changes.next())).toBe(
      `Greenlet "main" waits in next() of watch('x'), where "${first.name}" waits already.`,
    )
    first.kill()
    await first.join()
  })

  it('ends when it is disposed of: who waits is told, and what is unread is dropped', async () => {
    const watcher = fake()
    const changes = watch('x')
    const reader = spawn(() => changes.next())
    await inWait(reader)
    changes[Symbol.dispose]()
    changes[Symbol.dispose]()
    expect(await reader.get()).toBe(false)
    expect([watcher.closed, await changes.next(), await changes.next()]).toEqual([true, false, false])
    watcher.change('late')
    expect(await changes.next()).toBe(false)

    const other = fake()
    const unread = watch('x')
    other.change('a')
    unread[Symbol.dispose]()
    expect(await unread.next()).toBe(false)
  })

  it('throws an error to who waits, and ends', async () => {
    const watcher = fake()
    const changes = watch('x')
    const reader = spawn(() => changes.next())
    await inWait(reader)
    const error = new Error('no more watches')
    watcher.emit('error', error)
    expect(await rejection(reader.get())).toBe(error)
    expect([watcher.closed, await changes.next()]).toEqual([true, false])
  })

  it('throws an error that nobody has waited for once, behind what came before it', async () => {
    const watcher = fake()
    const changes = watch('x')
    const error = new Error('no more watches')
    watcher.change('a')
    watcher.emit('error', error)
    expect(await changes.next()).toBe(true)
    expect(await rejection(changes.next())).toBe(error)
    expect(await changes.next()).toBe(false)
  })

  it('ends when somebody else closes the watcher', async () => {
    const watcher = fake()
    const changes = watch('x')
    const reader = spawn(() => changes.next())
    await inWait(reader)
    watcher.close()
    expect(await reader.get()).toBe(false)
  })

  it('gives operations that stand in messages as they are written, each its own in debug mode', async () => {
    fake()
    using changes = watch('x')
    const calls = (): Operation<boolean>[] => [changes.next(), changes.next()]
    expect(calls().map(String)).toEqual(["next() of watch('x')", "next() of watch('x')"])
    expect(new Set(calls()).size).toBe(1)
    setDebug(true)
    onTestFinished(() => void setDebug(false))
    const debugged = calls()
    expect(new Set(debugged).size).toBe(2)
    changes[Symbol.dispose]()
    for (const call of debugged) expect(await call).toBe(false)
  })

  it('is read by for await', async () => {
    const watcher = fake()
    watcher.close = (): void => void (watcher.closed = true)
    const changes = watch('x')
    watcher.change('a')
    for await (const value of changes) {
      expect(value).toEqual(change('a'))
      break
    }
    expect(watcher.closed).toBe(true)
  })
})

describe('the process', () => {
  it('stays while somebody waits, and only then', async () => {
    const watcher = fake()
    using changes = watch('x')
    expect(watcher.isRef).toBe(false)
    const victim = spawn(() => changes.next())
    await inWait(victim)
    expect(watcher.isRef).toBe(true)
    victim.kill()
    await victim.join()
    expect(watcher.isRef).toBe(false)
    const reader = spawn(() => changes.next())
    await inWait(reader)
    watcher.change('a')
    expect(watcher.isRef).toBe(false)
    await reader.join()
  })

  it('does so, as a process of its own shows', async () => {
    const program = new URL('./programs/watching.ts', import.meta.url).href
    const { stdout, stderr, code } = await runProgram(program)
    expect([stderr, code]).toEqual(['', 0])
    expect(stdout).toBe('change file\nend\n')
  })
})
