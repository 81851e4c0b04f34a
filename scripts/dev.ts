import type { ChildProcess } from 'node:child_process'
import { awaitFreeData, embeddedEnvironment, simulatorAddresses, spawnBound, startSimulators } from './embedded.ts'

/** `npm run dev`: hot reload with everything embedded. */
const port = Number(process.env.PORT ?? 3000)
const host = process.env.HOST ?? 'localhost'
const dataDir = process.env.GARDU_DATA_DIR ?? '.data/dev'
const simulators = simulatorAddresses()
const children: ChildProcess[] = []
const stop = () => children.forEach(child => child.kill('SIGTERM'))
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

const fail = (error: Error): never => {
  console.error(error.message)
  process.exit(1)
}
await awaitFreeData(dataDir).catch(fail)
const { environment } = await startSimulators({ dataDir, simulators, app: `http://${host}:${port}`, started: child => children.push(child) }).catch(fail)
const server = spawnBound(['node_modules/nuxt/bin/nuxt.mjs', 'dev', '--port', String(port), '--host', host], { ...process.env, ...embeddedEnvironment({ dataDir, port, host, simulators }), ...environment })
children.push(server)
server.on('close', (code) => {
  stop()
  process.exit(code ?? 0)
})
