import { renderEvent } from '../../src/cli/render-events.js'
import { compareScreens } from '../support/golden.js'
import { sampleEvents } from './samples.js'

compareScreens('events', screen =>
  sampleEvents.map(record => `${renderEvent(record, { ...screen, nameWidth: 4 })}\n`).join(''),
)

compareScreens('events-of-one', screen =>
  sampleEvents
    .filter(({ flotilla }) => flotilla === 'shop')
    .map(record => `${renderEvent(record, { ...screen, nameWidth: 0 })}\n`)
    .join(''),
)
