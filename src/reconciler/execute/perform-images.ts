import type { ImageAction } from '../../model/actions/images.js'
import { performDataProbe } from './perform-data-probe.js'
import { performImageProbe } from './perform-image-probe.js'
import type { Performers } from './performer.js'
import { pullImage } from './pull-image.js'

export const imagePerformers: Performers<ImageAction['kind']> = {
  'pull-image': ({ context }, { image }) => pullImage(context, image),
  'probe-image': ({ context }, action) => performImageProbe(context, action),
  'probe-data': (execution, action) =>
    execution.explainingExit(action.ordinal, () =>
      performDataProbe(execution.context, action, execution.targetOf(action.ordinal)),
    ),
  'remove-leftover': ({ context: { runtime, signal } }, { containerId }) =>
    runtime.removeContainer(containerId, { signal }),
}
