const { Session } = require('node:inspector'); const { workerData: c } = require('node:worker_threads')
setInterval(() => {
  if (Atomics.load(c, 0) === 0) return
  const s = new Session(); s.connectToMainThread()
  s.post('Runtime.evaluate', { expression: 'globalThis.ask()', returnByValue: true, silent: true }, (e, r) => { s.disconnect() })
}, 20)
