import { Greenlet } from 'greenloop'
import { chromeTrace, Recorder, readChromeTrace } from 'greenloop/trace'

const recorder = new Recorder({ title: 'app.ts' }).start()
const gr1: Greenlet = new Greenlet(function* f1() {
  yield* gr2.switch()
  yield* gr2.switch()
})
const gr2: Greenlet = new Greenlet(function* f2() {
  yield* gr1.switch()
})
gr1.switch()
const file = JSON.stringify(chromeTrace(recorder.stop().read())) // what --trace writes
const [{ title, arrows } = {}] = readChromeTrace(file)
console.log(title, arrows?.filter(({ kind }) => kind === 'switch').length) // app.ts 5
