import { resolve } from 'node:path'
import { z } from 'zod'
import type { ImagePullSpec } from '../../model/spec.js'
import { field } from '../field-docs.js'
import { pathShape } from '../unexpanded.js'

const policies = ['IfNotPresent', 'Always', 'Never'] as const

/** How images come onto the engine. */
export function imagePullSection(folder: string) {
  return field(
    z
      .strictObject({
        policy: field(z.enum(policies), {
          describe:
            'IfNotPresent: an image that is not on the engine is pulled. Always: it is pulled too before new nodes are made for a new manifest or for flotilla restart; a node that comes back is not kept waiting for a registry. Never: it has to be there.',
          wants: 'IfNotPresent, Always or Never',
          example: 'IfNotPresent',
          choices: policies,
        }).prefault('IfNotPresent'),
        secretFile: field(z.string().regex(pathShape), {
          describe:
            'A file with logins to registries in the form of docker’s config.json (auths), relative to the folder of this manifest. Left out, and for registries that it does not name: the login of the docker command.',
          wants: 'the path of a file, relative to the folder of this manifest',
          example: './registry.json',
        }).optional(),
      })
      .transform(({ policy, secretFile }): ImagePullSpec => ({
        policy,
        secretFile: secretFile === undefined ? null : resolve(folder, secretFile),
      })),
    {
      describe: 'How images come onto the engine.',
      wants: 'a mapping',
      example: '{ policy: IfNotPresent }',
    },
  )
}

export const defaultImagePull: ImagePullSpec = imagePullSection('/').parse({})
