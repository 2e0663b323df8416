import { describeRedisPort } from './redis-contract.js'
import { createRealWorld } from './redis-servers.js'

describeRedisPort('redis-server', createRealWorld)
