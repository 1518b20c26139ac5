/**
 * The leaves of a tree, one by one: a recursive walk hands each to main by a switch, from however deep it is, and goes on there when it
 * is asked for the next. Twice the same walk: plain, and `green`, whose frames lie with the greenlet and not on V8's stack. Both give
 * the same leaves; only the green one comes back from the bottom of a tree that is fifty thousand deep.
 *
 * Run: `npx tsx examples/recursion.ts`
 *
 * Expected output:
 * ```text
 * plain          a b c d e
 * green          a b c d e
 * plain, deep    RangeError: Maximum call stack size exceeded
 * green, deep    50001 leaves
 * ```
 */
import { type Green, getcurrent, green, RawGreenlet } from 'greenloop'

type Tree = string | readonly [left: Tree, right: Tree]

const main = getcurrent()

function* plainWalk(tree: Tree): Green<void> {
  if (typeof tree === 'string') {
    yield* main.switch(tree)
  } else {
    yield* plainWalk(tree[0])
    yield* plainWalk(tree[1])
  }
}

const greenWalk = green(function* greenWalk(tree: Tree): Green<void> {
  if (typeof tree === 'string') {
    yield* main.switch(tree)
  } else {
    yield* greenWalk(tree[0])
    yield* greenWalk(tree[1])
  }
})

function* leavesOf(tree: Tree, walk: typeof plainWalk): Generator<unknown, void> {
  const walker = new RawGreenlet(walk)
  for (let leaf = walker.switch(tree).value; !walker.dead; leaf = walker.switch().value) yield leaf
}

const tree: Tree = [
  ['a', ['b', 'c']],
  ['d', 'e'],
]
console.log('plain         ', ...leavesOf(tree, plainWalk))
console.log('green         ', ...leavesOf(tree, greenWalk))

let deep: Tree = 'the deepest'
for (let level = 0; level < 50_000; level++) deep = [deep, 'another']
try {
  console.log('plain, deep   ', [...leavesOf(deep, plainWalk)].length, 'leaves')
} catch (error) {
  console.log('plain, deep   ', String(error))
}
console.log('green, deep   ', [...leavesOf(deep, greenWalk)].length, 'leaves')
