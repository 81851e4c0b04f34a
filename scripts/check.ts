import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Everything that can be known without running the product: types, lint, the import law, the pure core, dead code. */
const bin = (command: string) => `node_modules/.bin/${command}`
// Vue files need the compiler in JavaScript; everything else is checked by the native one, four times as fast.
const nativeTypes = 'node_modules/typescript-native/bin/tsc'
const steps: [name: string, command: string, args: string[]][] = [
  ['types of pages and components', bin('vue-tsc'), ['-p', '.nuxt/tsconfig.app.json', '--noEmit']],
  ['types of the server', nativeTypes, ['-p', '.nuxt/tsconfig.server.json', '--noEmit']],
  ['types of what both share', nativeTypes, ['-p', '.nuxt/tsconfig.shared.json', '--noEmit']],
  ['types of the configuration', nativeTypes, ['-p', '.nuxt/tsconfig.node.json', '--noEmit']],
  ['types of scripts, tests and simulators', nativeTypes, ['-p', 'tsconfig.tools.json']],
  ['pure core: modules and shared without framework types', nativeTypes, ['-p', 'tsconfig.core.json']],
  ['import law', bin('depcruise'), ['--config', '.dependency-cruiser.cjs', ...['app.vue', 'error.vue', 'pages', 'components', 'composables', 'layouts', 'middleware', 'plugins', 'shared', 'server', 'db', 'simulators', 'scripts', 'tests'].filter(path => existsSync(path))]],
  ['lint', bin('eslint'), ['.', '--max-warnings', '0', '--cache', '--cache-location', '.data/eslint-cache']],
  ['dead code', bin('knip'), []],
]

function run([name, command, args]: typeof steps[number]): Promise<{ name: string, ok: boolean, seconds: number, output: string }> {
  const started = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', chunk => output += chunk)
    child.stderr.on('data', chunk => output += chunk)
    child.on('close', code => resolve({ name, ok: code === 0, seconds: (performance.now() - started) / 1000, output }))
  })
}

// Two at a time: as many as the smallest machine has cores.
const queue = [...steps]
let failed = 0
await Promise.all([1, 2].map(async () => {
  for (let step = queue.shift(); step; step = queue.shift()) {
    const result = await run(step)
    console.log(`${result.ok ? 'ok  ' : 'FAIL'} ${result.name} (${result.seconds.toFixed(1)} s)`)
    if (!result.ok) console.log(result.output)
    failed += result.ok ? 0 : 1
  }
}))
process.exit(failed ? 1 : 0)
