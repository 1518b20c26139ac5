/**
 * The machine: files that are read, children that are run, streams that are copied.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

const READERS = { parameter: 16 }

const read = [
  inNode('fs, callbacks', 'limit', 10_000, 'node', 'files, callbacks', READERS),
  inNode('fs.promises', 'promises', 10_000, 'node', 'files, promises', READERS),
  inNode('Pool.map of fs.readFile', 'ours', 10_000, 'machine', 'files', READERS),
]

export const FILES: Work = work('files', 'A thousand files of 1 kB are read, sixteen at once', 'file', read, {
  aims: [aim('Pool.map of fs.readFile', 1.15, 'fs.promises')],
})

const RUNNERS = { parameter: 8 }

const ran = [
  inNode('child_process.spawn', 'limit', 200, 'node', 'children', RUNNERS),
  inNode('subprocess.run', 'ours', 200, 'machine', 'children', RUNNERS),
]

export const CHILDREN: Work = work('children', 'Children that end at once are run, eight at a time', 'child', ran, {
  aims: [aim('subprocess.run', 1.1, 'child_process.spawn')],
})

const printed = [
  inNode('child_process.execFile', 'promises', 200, 'node', 'children, output', RUNNERS),
  inNode('subprocess.checkOutput', 'ours', 200, 'machine', 'children, output', RUNNERS),
]

export const OUTPUTS: Work = work('outputs', 'The same, for what they print', 'child', printed, {
  aims: [aim('subprocess.checkOutput', 1.1, 'child_process.execFile')],
})

const copied = [
  inNode('stream.pipeline', 'promises', 256, 'node', 'copy'),
  inNode('pipeline', 'ours', 256, 'machine', 'copy, pipeline'),
  inNode('chunks and write', 'ours', 256, 'machine', 'copy, chunks'),
]

export const COPY: Work = work('copy', 'A file of 256 MiB is copied by streams', 'MiB', copied, {
  aims: [aim('pipeline', 1.1, 'stream.pipeline'), aim('chunks and write', 1.1, 'stream.pipeline')],
})
