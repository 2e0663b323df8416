import { FlotillaError } from '../../errors.js'
import type { Runtime } from '../../runtime/runtime.js'

/** One folder of data that was set aside, on the volume of a node that runs. */
export interface SetAsideFolder {
  readonly name: string
  readonly atMs: number
  /** Null where the image has no `du`. */
  readonly sizeBytes: number | null
}

const place = '/data/set-aside'

/** What lies set aside on the volume of this container, which must run. Empty where its image can't tell. */
export async function listSetAside(
  runtime: Runtime,
  containerId: string,
  signal: AbortSignal,
): Promise<readonly SetAsideFolder[]> {
  const script = [
    `cd ${place} 2>/dev/null || exit 0`,
    'for folder in *; do if [ -d "$folder" ]; then set -- $(du -sk "$folder" 2>/dev/null); echo "$(date -r "$folder" +%s) ${1:--} $folder"; fi; done',
  ].join('; ')
  const { exitCode, stdout } = await runtime.execInContainer(containerId, ['sh', '-c', script], { signal })
  if (exitCode !== 0) return []
  return stdout.split('\n').flatMap(line => {
    const [, seconds, kilobytes, name] = /^(\d+) (\d+|-) (\S+)$/.exec(line) ?? []
    if (seconds === undefined || name === undefined || !isFolderName(name)) return []
    return [
      {
        name,
        atMs: Number(seconds) * 1_000,
        sizeBytes: kilobytes === '-' ? null : Number(kilobytes) * 1_024,
      },
    ]
  })
}

/** @throws FlotillaError runtime/failed */
export async function removeSetAside(
  runtime: Runtime,
  { containerId, folder }: { readonly containerId: string; readonly folder: string },
  signal: AbortSignal,
): Promise<void> {
  if (!isFolderName(folder)) throw new Error(`"${folder}" is no folder of data that was set aside`)
  const command = ['rm', '-rf', `${place}/${folder}`]
  const { exitCode, stdout, stderr } = await runtime.execInContainer(containerId, command, { signal })
  if (exitCode !== 0)
    throw new FlotillaError('runtime/failed', `can't remove ${place}/${folder}: ${stderr || stdout}`)
}

/** As set-aside.ts names them: nothing that could lead out of the folder. */
function isFolderName(name: string): boolean {
  return /^(epoch-\d+|unreadable)(\.\d+)?$/.test(name)
}
