/**
 * The watchdog as text. Built by `npm run embed` from src/embedded/watchdog; not to be edited.
 */
export const SCRIPT: string = "\"use strict\";var r=require(\"node:worker_threads\");process.title=String(r.workerData);"
