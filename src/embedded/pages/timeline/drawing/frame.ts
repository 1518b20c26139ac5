/**
 * What part of the rows is seen.
 */
export interface Frame {
  readonly rowHeight: number
  /** In pixels, of all rows above. */
  readonly top: number
  readonly width: number
  readonly height: number
  /** Rows from `first` up to `last`, which is not seen. */
  readonly first: number
  readonly last: number
}
