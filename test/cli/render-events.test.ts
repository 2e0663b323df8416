import { renderEvent } from '../../src/cli/render-events.js'
import { keepScreens } from '../support/golden.js'
import { sampleEvents } from './samples.js'

keepScreens('events', look =>
  sampleEvents.map(record => `${renderEvent(record, { ...look, nameWidth: 4 })}\n`).join(''),
)

keepScreens('events-of-one', look =>
  sampleEvents
    .filter(({ flotilla }) => flotilla === 'shop')
    .map(record => `${renderEvent(record, { ...look, nameWidth: 0 })}\n`)
    .join(''),
)
