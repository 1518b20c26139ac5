// A fetch that fails and that nobody handles, under the patches: it ends the process.
import * as monkey from 'greenloop/monkey'

monkey.patchAll()
process.on('exit', (code) => console.log('exit', code))
void fetch('no url')
setTimeout(() => console.log('never printed'), 500)
