/**
 * What watching costs: tracing that is over, and the recorder in each of its states.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

/** What is within the noise of a run. */
const NOISE = 1.1

const traced = [
  inNode('never traced', 'limit', 3_000_000, 'greenloop', 'switch'),
  inNode('traced once, then off', 'ours', 3_000_000, 'watching', 'traced once'),
]

export const TRACING: Work = work('tracing', 'A switch while nobody traces', 'switch', traced, {
  aims: [aim('traced once, then off', NOISE, 'never traced')],
  remark: 'Before `settrace` was ever called, and after `settrace(null)`.',
})

/** A work of the recorder: the same in each of its states, of which the first is what the others are compared with. */
function recorded(name: string, title: string, unit: string, times: number, run: string, remark: string): Work {
  const contestants = [
    inNode('never loaded', 'limit', times, 'watching', `${run}, never loaded`),
    inNode('stopped', 'ours', times, 'watching', `${run}, stopped`),
    inNode('on', 'ours', times, 'watching', `${run}, on`),
    // A place takes more than a switch: fewer tell as much.
    inNode('on, with locations', 'ours', times / 10, 'watching', `${run}, on, with locations`),
  ]
  return work(name, title, unit, contestants, { aims: [aim('stopped', NOISE, 'never loaded')], remark })
}

const ON = 'The aim is that it costs less than 150 ns a switch while it is on.'

export const RECORDER: readonly Work[] = [
  recorded('recorder-switch', 'A switch, and the recorder', 'switch', 3_000_000, 'switch', ON),
  recorded('recorder-yield', 'A hundred give way, and the recorder', 'yield', 1_000_000, 'yield', ''),
  recorded(
    'recorder-spawn',
    'One is spawned and joined after the other, and the recorder',
    'task',
    300_000,
    'spawn and join',
    '',
  ),
]
