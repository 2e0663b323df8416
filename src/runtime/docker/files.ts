import { pack } from 'tar-stream'
import type { CallOptions, ContainerFile } from '../runtime.js'
import type { EngineClient } from './engine-client.js'

/**
 * Puts files into a container, running or not, with their owners and modes. Missing folders are made by the engine, as root, 0755;
 * folders that are there keep their owner and mode, because the archive names only files.
 */
export async function putFiles(
  client: EngineClient,
  put: { readonly containerId: string; readonly files: readonly ContainerFile[] },
  call: CallOptions | undefined,
): Promise<void> {
  if (put.files.length === 0) return
  await client.call(
    {
      what: `put ${put.files.map(file => file.path).join(', ')} into container ${put.containerId.slice(0, 12)}`,
      method: 'PUT',
      path: `/containers/${encodeURIComponent(put.containerId)}/archive`,
      // copyUIDGID would give all files to the container's own user.
      query: { path: '/', noOverwriteDirNonDir: '1' },
      archive: await archiveOf(put.files),
      timeoutMs: 30_000,
      signal: call?.signal,
      format: 'text',
    },
    () => {},
  )
}

/** A tar archive in memory: configuration files are a few kilobytes. */
async function archiveOf(files: readonly ContainerFile[]): Promise<Buffer> {
  const archive = pack()
  for (const { path, content, mode, uid, gid } of files)
    archive.entry({ name: path.replace(/^\/+/, ''), mode, uid, gid, mtime: new Date(0) }, content)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
