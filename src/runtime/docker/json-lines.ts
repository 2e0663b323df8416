/**
 * Cuts a stream into lines and parses each; what is not JSON is dropped. Docker ends each message of a
 * progress or event stream with a line break. A line over 1 MB is dropped up to its end.
 */
export function createJsonLineReader(onValue: (value: unknown) => void): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  let skipping = false
  return chunk => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    for (let end = pending.indexOf(10); end >= 0; end = pending.indexOf(10)) {
      const line = pending.subarray(0, end).toString('utf8').trim()
      pending = pending.subarray(end + 1)
      if (!skipping && line !== '') readLine(line, onValue)
      skipping = false
    }
    if (pending.length > lineBytesMax) {
      pending = Buffer.alloc(0)
      skipping = true
    }
  }
}

const lineBytesMax = 1024 * 1024

function readLine(line: string, onValue: (value: unknown) => void): void {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return
  }
  onValue(value)
}
