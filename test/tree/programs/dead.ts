// Ends with LoopExit: a greenlet and what it has spawned wait for each other.
import { type Green, type Greenlet, getcurrent, run, spawnWith } from 'greenloop'

function* worker(boss: Greenlet): Green<void> {
  yield* boss.join()
}

await run(function* main() {
  const boss = spawnWith({ name: 'boss' }, function* () {
    yield* spawnWith({ name: 'worker' }, worker, getcurrent() as Greenlet).join()
  })
  yield* boss.join()
})
