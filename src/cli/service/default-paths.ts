import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where manifests and state are. */
export interface Folders {
  readonly manifests: string
  readonly state: string
}

/** What {@link chooseFolders} goes by. */
export interface FolderSources {
  /** By options or the environment, or by default. */
  readonly folders: Folders
  /** Whether somebody has named one of them. */
  readonly named: boolean
  /** The folder that the verb was typed in. */
  readonly workingFolder: string
  /** The unit of the installed service. */
  readonly unitPath: string
}

/**
 * The folders that a verb is about: those that were named; those that lie here, as in a clone; else those of
 * the service that `flotilla service install` has made, so that an operator at night need not know where they
 * are.
 */
export function chooseFolders({ folders, named, workingFolder, unitPath }: FolderSources): Folders {
  const isHere = (path: string): boolean => existsSync(join(workingFolder, path))
  if (named || isHere(folders.manifests) || isHere(folders.state)) return folders
  return serviceFolders(unitPath) ?? folders
}

function serviceFolders(unitPath: string): Folders | null {
  try {
    const [, command = ''] = /^ExecStart=(.*)$/m.exec(readFileSync(unitPath, 'utf8')) ?? []
    const words = splitCommand(command)
    const after = (option: string): string | undefined =>
      words.includes(option) ? words[words.indexOf(option) + 1] : undefined
    const [manifests, state] = [after('--manifests'), after('--state')]
    return manifests === undefined || state === undefined ? null : { manifests, state }
  } catch {
    // No service is installed here.
    return null
  }
}

/** The words of a command as the unit quotes them: see unit.ts. */
function splitCommand(command: string): readonly string[] {
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s"]+)/g)].map(([, quoted, plain = '']) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? plain).replaceAll('%%', '%').replaceAll('$$', '$'),
  )
}
