// Stands in for a package that the bundle leaves out. It may be loaded, and nothing of it used.
module.exports = new Proxy(
  {},
  {
    get: (_, name) =>
      function leftOut() {
        throw new Error(
          `Flotilla's bundle leaves out what "${String(name)}" belongs to; see scripts/lib/bundle.mjs`,
        )
      },
  },
)
