/**
 * Schedules that are tried: three tasks with four steps each.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

const contestants = [
  inNode('explore, all 34,650', 'ours', 34_650, 'exploring', 'explore'),
  inNode('explore, tracked', 'ours', 7_134, 'exploring', 'explore, tracked'),
  inNode('fuzz, random walks and PCT', 'ours', 30_000, 'exploring', 'fuzz'),
  inNode("fast-check's scheduler", 'scheduler', 20_000, 'fast-check', 'schedules'),
]

export const SCHEDULES: Work = work(
  'schedules',
  'Schedules of three tasks with four steps each',
  'execution',
  contestants,
  {
    aims: [
      aim('explore, all 34,650', 0.2, "fast-check's scheduler"),
      aim('fuzz, random walks and PCT', 0.2, "fast-check's scheduler"),
    ],
    remark:
      'explore goes through every schedule, and ends; the others draw at random. Tracked: the tasks read and write one value.',
  },
)
