// Is asked by a signal what it is doing: once while everybody waits, and once when that was taken back.
import { Event, printRunInfoOnSignal, run, sleep, spawnWith } from 'greenloop'

const stop = printRunInfoOnSignal()
await run(function* () {
  const keeper = spawnWith({ name: 'keeper' }, sleep, 60_000)
  yield* sleep(0) // the keeper begins to wait
  for (const turn of [1, 2]) {
    const told = new Event()
    process.once('SIGUSR2', () => {
      told.set()
    })
    // Whoever runs this sends the signal for each of these lines.
    console.log('ready')
    yield* told.wait()
    console.log(`told for the ${turn === 1 ? 'first' : 'second'} time`)
    stop()
  }
  yield* keeper.kill()
})
// Only a listener is left: the process ends.
printRunInfoOnSignal('SIGUSR2')
