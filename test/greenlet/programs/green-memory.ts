// Makes greenlets that end deep in green frames, and writes how many of the objects that their frames held are still there.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, getcurrent, green, RawGreenlet } from 'greenloop'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const main = getcurrent()

const held: WeakRef<object>[] = []

const level = green(function* level(levels: number, end: string): Green<unknown> {
  const local = { levels }
  held.push(new WeakRef(local))
  if (levels > 0) yield* level(levels - 1, end)
  else yield* main.switch()
  if (end === 'failed') throw new Error('deep')
  return local
})

const greenlets: RawGreenlet[] = []

/** Brings a greenlet to its end; the greenlet itself is kept, unless it is left in the middle. */
function play(end: string): void {
  const greenlet = new RawGreenlet(level)
  greenlet.switch(60, end)
  if (end === 'never finished') return
  greenlets.push(greenlet)
  try {
    if (end === 'killed') greenlet.throw()
    else greenlet.switch()
  } catch {
    // The error is not kept.
  }
}

for (const end of ['returned', 'failed', 'killed', 'never finished']) {
  play(end)
  // What a WeakRef has been asked for lives until the end of the task.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  console.log(end, held.filter((reference) => reference.deref() !== undefined).length)
  held.length = 0
}
if (greenlets.some(({ dead }) => !dead)) console.log('not all are dead')
