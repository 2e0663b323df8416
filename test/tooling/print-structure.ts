import { measureStructure, renderStructure } from './structure.js'

// Without an argument: this checkout. With one: that folder, such as a checkout of an older commit.
process.chdir(process.argv[2] ?? '.')
process.stdout.write(renderStructure(measureStructure()))
