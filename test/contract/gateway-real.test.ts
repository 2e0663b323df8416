import { test } from 'node:test'
import { describeGatewayPort } from './gateway-contract.js'
import { createRealGatewayWorld, haproxyMissing } from './gateway-servers.js'

if (haproxyMissing === false) describeGatewayPort('haproxy', createRealGatewayWorld)
else test('the gateway port: haproxy', { skip: haproxyMissing }, () => undefined)
