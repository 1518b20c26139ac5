/**
 * The watchdog.
 */
import { workerData } from 'node:worker_threads'

process.title = String(workerData)
