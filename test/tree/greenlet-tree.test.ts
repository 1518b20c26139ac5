// GreenletTree: who has spawned whom, and what each is doing, as text and as data.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  Event,
  type Green,
  Greenlet,
  GreenletTree,
  getcurrent,
  Local,
  type Location,
  Queue,
  RawGreenlet,
  run,
  Semaphore,
  setDebug,
  sleep,
  spawn,
  spawnLater,
  spawnRaw,
  type TreeNode,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { sourceLine } from '../support/source-lines.ts'
import { usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'
import { inWorld, lines, named, rest, Stuck, tree, whileWatched } from './support.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

checkLeaks()

describe('GreenletTree', () => {
  it('hangs everybody on its spawner, the oldest first, and at the root is main', () => {
    inWorld(({ clock }) => {
      named('server', function* () {
        for (const n of [1, 2]) {
          named(`handler-${n}`, function* () {
            named(`query of ${n}`, rest)
            yield* rest()
          })
        }
        yield* rest()
      })
      named('ticker', rest)
      clock.run(1)
      expect(tree()).toBe(
        lines(
          'main                 running',
          '├─ server            waiting in sleep(3600000)',
          '│  ├─ handler-1      waiting in sleep(3600000)',
          '│  │  └─ query of 1  waiting in sleep(3600000)',
          '│  └─ handler-2      waiting in sleep(3600000)',
          '│     └─ query of 2  waiting in sleep(3600000)',
          '└─ ticker            waiting in sleep(3600000)',
        ),
      )
    })
  })

  it('is main alone when nobody lives', () => {
    virtualHub()
    expect(tree()).toBe('main  running')
  })

  it('says of each what it is doing, why its wait does not end, and who could end it', () => {
    inWorld(({ clock }) => {
      const queue = new Queue()
      const lock = new Semaphore(1)
      const holder = named('holder', function* () {
        yield* lock.acquire()
        yield* rest()
      })
      named('reader', () => queue.get())
      named('locker', () => lock.acquire())
      named('joiner', () => holder.join())
      named('lost', () => new Stuck(holder))
      const killed = named('killed', rest)
      const woken = named('woken', () => new Event().wait())
      const later = spawnLater(500, rest)
      later.name = 'later'
      let seen = ''
      named('looker', function* () {
        yield* sleep(3)
        killed.kill()
        woken.kill(new Error('wake up'))
        named('started', rest)
        seen = tree()
      })
      clock.run(4)
      expect(seen).toBe(
        lines(
          'main           ready',
          '├─ holder      waiting in sleep(3600000)',
          '├─ reader      waiting in queue.get()  the queue is empty',
          '├─ locker      waiting in semaphore.acquire()  the last permit was taken by "holder"',
          '├─ joiner      waiting in join() of "holder"',
          '├─ lost        waiting in thing.wait()  for holder',
          '├─ killed      ready  GreenletExit is thrown at it',
          '├─ woken       ready  Error: wake up is thrown at it',
          '├─ later       not started, in startLater(500)',
          '└─ looker      running',
          '   └─ started  ready to start',
        ),
      )
    })
  })

  it('says since when each has been waiting while somebody watches who knows', () => {
    inWorld(({ hub, clock }) => {
      whileWatched(hub, () => {
        named('early', rest)
        clock.run(1000)
        named('late', rest)
        clock.run(1250)
        expect(tree()).toBe(
          lines(
            'main      running',
            '├─ early  waiting 1.3 s in sleep(3600000)',
            '└─ late   waiting 250 ms in sleep(3600000)',
          ),
        )
        expect(
          GreenletTree.currentTree()
            .toJSON()
            .children.map(({ sinceMs }) => sinceMs),
        ).toEqual([1250, 250])
      })
      expect(tree()).toContain('waiting in sleep(3600000)')
    })
  })

  describe('of main', () => {
    it('says in which of its waits it is, and what hangs on them', () => {
      inWorld(({ clock }) => {
        const slow = named('slow', rest)
        void slow.get().then(undefined, () => undefined)
        void sleep(7000).then()
        void run(function* () {
          named('child', rest)
          yield* sleep(9000)
        }).then(undefined, () => undefined)
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main         waiting in get() of "slow" and in sleep(7000) and in run()',
            '├─ slow      waiting in sleep(3600000)',
            '└─ main      waiting in sleep(9000)',
            '   └─ child  waiting in sleep(3600000)',
          ),
        )
      })
    })

    it('runs while an operation of several steps runs that it awaits, and has what that spawns', async () => {
      const { clock, hub } = virtualHub()
      let seen = ''
      const awaited = withTimeout(null, function* () {
        named('child', rest)
        seen = tree()
        yield* sleep(5)
      }).then(() => 'done')
      clock.run(1)
      expect(seen).toBe('main      running\n└─ child  ready to start')
      expect(tree()).toBe('main      waiting in sleep(5)\n└─ child  waiting in sleep(3600000)')
      for (const greenlet of hub.living()) greenlet.kill()
      clock.run()
      expect(await awaited).toBe('done')
    })

    it('says to whom it has switched, where that is awaited', () => {
      inWorld(({ clock }) => {
        const raw = new RawGreenlet(function* away() {
          yield* sleep(5)
        })
        void raw.switch().then(() => undefined)
        expect(tree()).toBe('main     in a switch() to "away"\n└─ away  waiting in sleep(5)')
        clock.run()
      })
    })

    it('says that it is in a switch() while plain code is', () => {
      virtualHub()
      let seen = ''
      new RawGreenlet(function* inner() {
        seen = tree()
      }).switch()
      expect(seen).toBe('main      in a switch() to somebody else\n└─ inner  running')
    })
  })

  describe('of spawners that have ended', () => {
    it('says how they ended, as long as they were not collected', () => {
      inWorld(({ clock }) => {
        const ends = [
          named('has returned', function* () {
            named('one', rest)
            return { lines: [1, 2, 3], text: 'x'.repeat(100) }
          }),
          named('has failed', function* () {
            named('two', rest)
            throw new TypeError('went\n  wrong')
          }),
          named('was killed', function* () {
            named('three', rest)
            yield* rest()
          }),
          named('is through', function* () {
            named('four', rest)
          }),
          spawnRaw(function* nobody() {
            named('five', rest)
            throw new Error('of it nothing is kept')
          }),
        ]
        clock.run(1)
        ends[2]?.kill()
        clock.run(2)
        expect(tree()).toBe(
          lines(
            'main             running',
            "├─ has returned  returned { lines: [ 1, 2, 3 ], text: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
            '│  └─ one        waiting in sleep(3600000)',
            '├─ has failed    failed with TypeError: went wrong',
            '│  └─ two        waiting in sleep(3600000)',
            '├─ was killed    was killed',
            '│  └─ three      waiting in sleep(3600000)',
            '├─ is through    has ended',
            '│  └─ four       waiting in sleep(3600000)',
            '└─ nobody        failed with Error: of it nothing is kept',
            '   └─ five       waiting in sleep(3600000)',
          ),
        )
      })
    })

    it('leaves those out that only carry another one that has ended', () => {
      inWorld(({ clock }) => {
        const all: Greenlet[] = []
        function generation(n: number): void {
          all.push(
            named(`generation ${n}`, function* () {
              if (n < 100) generation(n + 1)
              if (n === 40) named('brother', rest)
              if (n === 100) yield* rest()
            }),
          )
        }
        generation(1)
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main                     running',
            '└─ generation 40         has ended',
            '   ├─ brother            waiting in sleep(3600000)',
            '   └─ generation 99      has ended',
            '      └─ generation 100  waiting in sleep(3600000)',
          ),
        )
      })
    })

    it('hangs those on main whose spawner was collected', async () => {
      const { hub, clock } = virtualHub()
      const spawner = new WeakRef(
        named('short', function* () {
          named('orphan', rest)
        }),
      )
      clock.run(1)
      expect(tree()).toContain('short')
      for (let turns = 0; turns < 50 && spawner.deref() !== undefined; turns++) {
        await new Promise((resolve) => setTimeout(resolve, 1))
        collect()
      }
      expect(tree()).toBe('main       running\n└─ orphan  waiting in sleep(3600000)')
      for (const greenlet of hub.living()) greenlet.kill()
      clock.run()
    })
  })

  describe('of raw greenlets', () => {
    it('has those that somebody waits for, or that have spawned somebody, on who has made them', () => {
      inWorld(({ clock }) => {
        named('boss', function* () {
          const boss = getcurrent()
          const first = new RawGreenlet(function* first() {
            named('of first', rest)
            yield* boss.switch()
          })
          yield* first.switch()
          const second = new RawGreenlet(function* second() {
            // it is never run
          })
          new RawGreenlet(function* unknown() {
            // nobody has a pointer to it
          })
          yield* new Stuck(second)
        })
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main               running',
            '└─ boss            waiting in thing.wait()  for second',
            '   ├─ second       not started',
            '   └─ first        in a switch() to somebody else',
            '      └─ of first  waiting in sleep(3600000)',
          ),
        )
      })
    })

    it('hangs those on main that were given somebody below themselves as parent', () => {
      inWorld(({ clock }) => {
        const children: Greenlet[] = []
        const main = getcurrent()
        const raw = new RawGreenlet(function* ring() {
          children.push(named('child', rest))
          yield* main.switch()
          yield* rest()
        })
        raw.switch()
        for (const child of children) raw.parent = child
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main         running',
            '└─ ring      in a switch() to somebody else',
            '   └─ child  waiting in sleep(3600000)',
          ),
        )
      })
    })
  })

  describe('of locals', () => {
    it('writes what Locals hold for each, and what a whole tree shares once', () => {
      inWorld(({ clock }) => {
        const user = new Local(function user() {
          return { name: 'nobody', groups: ['a', 'b'] }
        })
        const again = new Local(function user() {
          return 'x'.repeat(200)
        })
        named('request', function* () {
          const { spawnTreeLocals } = getcurrent() as Greenlet
          spawnTreeLocals['id'] = 7
          spawnTreeLocals['bad'] = {
            [Symbol.for('nodejs.util.inspect.custom')]() {
              throw new Error('not today')
            },
          }
          user.value.name = 'ann'
          again.value += 'y'
          named('query', rest)
          yield* rest()
        })
        named('other', rest)
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main         running',
            '├─ request   waiting in sleep(3600000)',
            '│  │    tree locals  id: 7, bad: (it cannot be shown)',
            "│  │    locals  user: { name: 'ann', groups: [ 'a', 'b' ] }, user: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…",
            '│  └─ query  waiting in sleep(3600000)',
            '└─ other     waiting in sleep(3600000)',
          ),
        )
        expect(GreenletTree.currentTree().format({ locals: false })).toBe(
          lines(
            'main         running',
            '├─ request   waiting in sleep(3600000)',
            '│  └─ query  waiting in sleep(3600000)',
            '└─ other     waiting in sleep(3600000)',
          ),
        )
        const [request] = GreenletTree.currentTree().toJSON().children
        expect(request?.locals['user']).toBe("{ name: 'ann', groups: [ 'a', 'b' ] }")
        expect(Object.keys(request?.locals ?? {})).toEqual(['user', 'user-2'])
        expect(request?.treeLocals).toEqual({ id: '7', bad: '(it cannot be shown)' })
        expect(request?.children[0]?.treeLocals).toEqual({})
      })
    })

    it('calls a Local by its number whose function has no name, and writes ten of many', () => {
      inWorld(({ clock }) => {
        const many = Array.from({ length: 13 }, (_, n) => new Local(() => n))
        named('holder', function* () {
          for (const one of many) one.value++
          yield* rest()
        })
        clock.run(1)
        const [, , written = ''] = tree().split('\n')
        expect(written.replaceAll(/local-\d+/gu, 'local-N')).toBe(
          `        locals  ${Array.from({ length: 10 }, (_, n) => `local-N: ${n + 1}`).join(', ')}, ... and 3 more`,
        )
      })
    })
  })

  describe('of many', () => {
    it('has one row for more than four siblings that are alike, with all that is below them', () => {
      inWorld(({ clock }) => {
        for (let n = 1; n <= 1000; n++) {
          named(`handler-${n}`, function* () {
            named(`query ${n}`, rest)
            yield* sleep(n === 500 ? 77_000 : 88_000)
          })
        }
        for (let n = 1; n <= 4; n++) named(`ticker-${n}`, rest)
        clock.run(1)
        expect(tree()).toBe(
          lines(
            'main                       running',
            '├─ handler-1 and 998 more  waiting in sleep(88000)',
            '│  └─ query 1              waiting in sleep(3600000)',
            '├─ handler-500             waiting in sleep(77000)',
            '│  └─ query 500            waiting in sleep(3600000)',
            '├─ ticker-1                waiting in sleep(3600000)',
            '├─ ticker-2                waiting in sleep(3600000)',
            '├─ ticker-3                waiting in sleep(3600000)',
            '└─ ticker-4                waiting in sleep(3600000)',
          ),
        )
        const [handlers] = GreenletTree.currentTree().toJSON().children
        expect(handlers).toMatchObject({ name: 'handler-1', more: 998, hidden: 0 })
      })
    })

    it('says of those who share a row how long the longest has been waiting', () => {
      inWorld(({ hub, clock }) => {
        whileWatched(hub, () => {
          for (let n = 1; n <= 6; n++) {
            named(`handler-${n}`, rest)
            clock.run(n * 1000)
          }
          expect(tree()).toBe(
            'main                     running\n└─ handler-1 and 5 more  waiting up to 6 s in sleep(3600000)',
          )
          expect(GreenletTree.currentTree().toJSON().children[0]?.sinceMs).toBe(6000)
        })
      })
    })

    it('has as many rows as are wanted, nearest to the root first, no more than a quarter of siblings, and counts the rest', () => {
      inWorld(({ clock }) => {
        for (const name of ['a', 'b']) {
          named(name, function* () {
            for (let n = 1; n <= 30; n++) named(`${name}${String.fromCharCode(96 + n)}`, () => sleep(1_000_000 + n))
            yield* rest()
          })
        }
        clock.run(1)
        expect(GreenletTree.currentTree().format({ rows: 16 })).toBe(
          lines(
            'main      running',
            '├─ a      waiting in sleep(3600000)',
            '│  ├─ aa  waiting in sleep(1000001)',
            '│  ├─ ab  waiting in sleep(1000002)',
            '│  ├─ ac  waiting in sleep(1000003)',
            '│  ├─ ad  waiting in sleep(1000004)',
            '│  └─ ... and 26 more',
            '└─ b      waiting in sleep(3600000)',
            '   ├─ ba  waiting in sleep(1000001)',
            '   ├─ bb  waiting in sleep(1000002)',
            '   ├─ bc  waiting in sleep(1000003)',
            '   ├─ bd  waiting in sleep(1000004)',
            '   └─ ... and 26 more',
          ),
        )
        expect(GreenletTree.currentTree().format({ rows: 2 })).toBe(
          lines('main  running', '├─ a  waiting in sleep(3600000)', '│  └─ ... and 30 more', '└─ ... and 31 more'),
        )
        expect(GreenletTree.currentTree().format({ rows: 1 })).toBe('main  running\n└─ ... and 62 more')
        expect(tree().split('\n').length).toBe(63)
      })
    })

    it('draws the first thirty levels of ten thousand', () => {
      inWorld(({ clock }) => {
        let made = 0
        function* nest(): Green<void> {
          if (++made < 10_000) named(`g${made + 1}`, nest)
          yield* rest()
        }
        named('g1', nest)
        clock.run(1)
        expect(made).toBe(10_000)
        const text = tree().split('\n')
        expect(text.length).toBe(32)
        expect(text.at(-1)?.trim()).toBe('└─ ... and 9970 more')
        let depth = 0
        for (
          let node: TreeNode | undefined = GreenletTree.currentTree().toJSON();
          node !== undefined;
          [node] = node.children
        ) {
          if (++depth === 31) expect(node.hidden).toBe(9970)
        }
        expect(depth).toBe(31)
        expect(GreenletTree.currentTree().format({ depth: 1000, rows: 100_000 }).split('\n').length).toBe(1002)
      })
    })

    it('is made in a moment of twenty thousand, and is short', () => {
      inWorld(({ clock }) => {
        for (let n = 0; n < 20_000; n++) named(`${'x'.repeat(n % 100)}${'y'.repeat((n / 100) % 500)}`, rest)
        clock.run(1)
        const text = tree()
        expect(text.split('\n').length).toBe(52)
        expect(text).toContain('└─ ... and 19950 more')
        expect(JSON.stringify(GreenletTree.currentTree()).length).toBeLessThan(600_000)
      })
    })
  })

  describe('with places', () => {
    it('says in debug mode where each waits and where it was spawned, with all frames if they are wanted', () => {
      const before = setDebug(true)
      try {
        inWorld(({ clock }) => {
          named('server', function* serve() {
            spawn(function* client() {
              yield* rest() // the client waits
            }).name = 'client'
            yield* new Stuck() // the server waits
          })
          clock.run(1)
          const node = GreenletTree.currentTree().toJSON()
          const [server] = node.children
          const [client] = server?.children ?? []
          expect([server?.place, client?.place].map(textAt)).toEqual([
            'yield* new Stuck() // the server waits',
            'yield* rest() // the client waits',
          ])
          expect(textAt(client?.spawnedAt)).toBe('spawn(function* client() {')
          expect(node.place).toBe(null)
          const at = (place: Location | null | undefined): string => `at test/tree/greenlet-tree.test.ts:${place?.line}`
          const inSupport = (text: string): string => text.replaceAll(/test\/tree\/support\.ts:\d+/gu, 'support.ts')
          expect(inSupport(tree())).toBe(
            lines(
              'main          running',
              `└─ server     waiting in thing.wait()  ${at(server?.place)}  (spawned at support.ts)`,
              `   └─ client  waiting in sleep(3600000)  ${at(client?.place)}  (spawned ${at(client?.spawnedAt)})`,
            ),
          )
          const detailed = GreenletTree.currentTree().format({ runningStacks: true, spawningStacks: true })
          expect(inSupport(detailed).split('\n').slice(-3)).toEqual([
            `   └─ client  waiting in sleep(3600000)  ${at(client?.place)}  (spawned ${at(client?.spawnedAt)})`,
            `           suspended  client ${at(client?.place)}`,
            `           spawned  serve ${at(client?.spawnedAt)}`,
          ])
        })
      } finally {
        setDebug(before)
      }
    })
  })

  it('writes each name and call in one line', () => {
    inWorld(({ clock }) => {
      named('two\nlines\u001b[31m', rest)
      clock.run(1)
      expect(tree()).toBe('main               running\n└─ two lines [31m  waiting in sleep(3600000)')
    })
  })

  it('draws with plain characters if that is wanted', () => {
    inWorld(({ clock }) => {
      named('a', function* () {
        named('b', rest)
        yield* rest()
      })
      named('c', rest)
      clock.run(1)
      expect(GreenletTree.currentTree().format({ ascii: true })).toBe(
        lines(
          'main     running',
          '+- a     waiting in sleep(3600000)',
          '|  `- b  waiting in sleep(3600000)',
          '`- c     waiting in sleep(3600000)',
        ),
      )
    })
  })

  it('is plain data, too', () => {
    inWorld(({ hub, clock }) => {
      const queue = new Queue()
      const a = named('a', function* () {
        const raw = new RawGreenlet(function* raw() {
          // it is never run
        })
        yield* new Stuck(raw)
      })
      named('b', () => queue.get())
      clock.run(1)
      const empty = {
        because: null,
        waitsFor: [],
        sinceMs: null,
        place: null,
        spawnedAt: null,
        outcome: null,
        locals: {},
        treeLocals: {},
        more: 0,
        hidden: 0,
        children: [],
      }
      const [forest] = GreenletTree.forest(hub)
      expect(JSON.parse(JSON.stringify(forest))).toEqual({
        ...empty,
        name: 'main',
        ident: -1,
        state: 'running',
        wait: null,
        children: [
          {
            ...empty,
            name: 'a',
            ident: a.minimalIdent,
            state: 'waiting',
            wait: 'thing.wait()',
            waitsFor: ['raw'],
            children: [{ ...empty, name: 'raw', ident: -1, state: 'not started', wait: null }],
          },
          { ...empty, name: 'b', ident: 1, state: 'waiting', wait: 'queue.get()', because: 'the queue is empty' },
        ],
      })
    })
  })

  it('is a tree of trees, each of which can be drawn; it shows who was there when it was made, and what they do now', () => {
    inWorld(({ hub, clock }) => {
      const a = named('a', function* () {
        named('b', rest)
        yield* rest()
      })
      clock.run(1)
      const forest = GreenletTree.forest()
      expect(forest.length).toBe(1)
      const [root] = forest as [GreenletTree]
      expect(root.greenlet).toBe(getcurrent())
      expect(root.root).toBe(root)
      const [first] = root.children
      expect(first?.greenlet).toBe(a)
      expect(first?.root).toBe(root)
      expect(root.children).toBe(root.children)
      named('c', rest)
      hub.living().at(-2)?.kill()
      a.kill()
      clock.run(2)
      expect(String(first)).toBe('a     was killed\n└─ b  was killed')
    })
  })

  it.each([
    [{ rows: 0 }, 'format() expects `rows` to be an integer from 1 to 100000, but got 0 (number).'],
    [{ rows: 1.5 }, 'format() expects `rows` to be an integer from 1 to 100000, but got 1.5 (number).'],
    [{ depth: -1 }, 'format() expects `depth` to be an integer from 0 to 1000, but got -1 (number).'],
    [{ depth: Infinity }, 'format() expects `depth` to be an integer from 0 to 1000, but got Infinity (number).'],
    [{ locals: 'no' }, 'format() expects `locals` to be a boolean, but got "no" (string).'],
    [{ ascii: 1 }, 'format() expects `ascii` to be a boolean, but got 1 (number).'],
    [null, 'format() expects its options as an object, such as { rows: 50 }, but got null.'],
  ])('refuses the options %o', (options, text) => {
    virtualHub()
    expect(usage(() => GreenletTree.currentTree().format(options as object))).toBe(text)
  })
})

/** The text of the line of a place. */
function textAt(place: Location | null | undefined): string {
  return place == null ? '' : sourceLine(place.file, place.line)
}

describe('a name that throws', () => {
  it('stands in the tree as a question mark', () => {
    const { hub } = virtualHub()
    class Nameless extends Greenlet {
      override get name(): string {
        throw new Error('no name')
      }
    }
    const nameless = new Nameless(function* () {
      yield* sleep(1)
    })
    nameless.start()
    const [child] = GreenletTree.forest(hub)[0]?.toJSON().children ?? []
    expect(child?.name).toBe('?')
    nameless.kill()
  })
})
