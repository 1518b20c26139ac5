/**
 * Lists at an index that is known to be within.
 */

/** What a list holds there. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  return list[index] as T // the caller knows that it is within
}

/** Adds to what a list holds there. */
export function add(list: { [index: number]: number }, index: number, by: number): void {
  list[index] = at(list as ArrayLike<number>, index) + by // a list of numbers that may be changed
}

/** Adds to the text that a list holds there. */
export function append(list: string[], index: number, text: string): void {
  list[index] = at(list, index) + text
}
