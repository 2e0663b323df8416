import { Readable } from 'node:stream'
import { pack } from 'tar-stream'
import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'
import { relative } from './files.js'
import type { FileStream } from '../../model/engine.js'

/** A disk that is this slow is stuck. */
const silenceMs = 60_000
/** The call as a whole has no deadline of its own: what moves may go on. */
const noDeadlineMs = 7 * 86_400_000
const tarBlockBytes = 512

/**
 * One file as an archive that is made while it is sent. What its bytes fail with is what this fails with: the
 * engine would only say that the archive was cut.
 */
export async function putStream(
  client: EngineClient,
  {
    containerId,
    file,
    clock,
  }: { readonly containerId: string; readonly file: FileStream; readonly clock: Clock },
  call: CallOptions | undefined,
): Promise<void> {
  const what = `put ${file.path} into container ${containerId.slice(0, 12)}`
  const stalled = new AbortController()
  let failure: unknown = null
  const fail = (error: unknown): void => {
    failure ??= error
    stalled.abort()
  }
  let stopWaiting = (): void => {}
  const moved = (): void => {
    stopWaiting()
    stopWaiting = clock.after(silenceMs, () =>
      fail(new FlotillaError('runtime/timeout', `${what}: nothing moved for ${silenceMs / 1_000} s`)),
    )
  }
  moved()
  const archive = Readable.from(archiveOf(file, what, moved), { objectMode: false })
  archive.on('error', fail)
  const signal = call?.signal === undefined ? stalled.signal : AbortSignal.any([call.signal, stalled.signal])
  try {
    await client.call(
      { what, timeoutMs: noDeadlineMs, signal, format: 'text' },
      docker => docker.getContainer(containerId).putArchive(archive, { path: '/' }),
      () => {},
    )
  } catch (error) {
    throw failure ?? error
  } finally {
    stopWaiting()
    archive.destroy()
  }
}

async function* archiveOf(file: FileStream, what: string, moved: () => void): AsyncGenerator<Uint8Array> {
  const { sizeBytes, bytes } = file
  yield await headerOf(file)
  let sent = 0
  for await (const piece of bytes) {
    sent += piece.length
    if (sent > sizeBytes)
      throw new FlotillaError('runtime/failed', `${what}: more came than ${sizeBytes} bytes`)
    yield piece
    moved()
  }
  if (sent < sizeBytes)
    throw new FlotillaError('runtime/failed', `${what}: ${sent} bytes came instead of ${sizeBytes}`)
  yield Buffer.alloc(((tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes) + 2 * tarBlockBytes)
}

/** The header comes first of an entry whose content is still to come, in one piece. */
async function headerOf({ path, mode, uid, gid, modifiedAtMs, sizeBytes }: FileStream): Promise<Uint8Array> {
  const archive = pack()
  archive.entry({ name: relative(path), mode, uid, gid, mtime: new Date(modifiedAtMs), size: sizeBytes })
  for await (const header of archive) return header as Buffer
  throw new Error('an entry has a header')
}
