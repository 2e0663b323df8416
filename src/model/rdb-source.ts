/** An RDB file that can be read as often as it is asked for, one piece after the other. */
export interface RdbSource {
  /** Of the RDB file itself, whatever it is kept as. */
  readonly sizeBytes: number
  open(): Promise<AsyncIterable<Uint8Array>>
}
