import { DriverError } from '#shared/errors/driver-error.ts'
import { accountSagaDefinitions, sagaDefinitions } from '#server/provisioning/definitions.ts'
import { retrySaga } from '#server/provisioning/retry-saga.ts'
import { Crash, livingForever } from './provisioning.ts'
import type { Points, ProvisioningWorld } from './provisioning.ts'

/** What befalls a step, in this order, before it is left in peace. */
type Trouble
  /** It fails for good, and staff try again. */
  = | 'refused'
  /** Its effect is made, and the answer lost. */
    | 'unanswered'
  /** Its worker dies between its effect and its record. */
    | 'dies_after'
    | 'twice'
/** The four ways in which every task is tried. */
export const trials = ['each step twice', 'each step fails', 'killed at each step', 'all of it'] as const
export type Trial = typeof trials[number]
const plans: Record<Trial, readonly Trouble[]> = {
  'each step twice': ['twice'],
  'each step fails': ['refused', 'unanswered'],
  'killed at each step': ['dies_after'],
  'all of it': ['refused', 'dies_after', 'unanswered', 'twice'],
}
const planted = 'planted by the test'
const definitions = [...Object.values(sagaDefinitions).map(definition => ['vps', definition] as const), ...Object.values(accountSagaDefinitions).map(definition => ['hosting', definition] as const)]
/** All steps of all tasks of machines, or of accounts: `resize verify`. */
export const stepsOf = (product: 'vps' | 'hosting'): string[] => definitions.flatMap(([of, { kind, steps }]) => of === product ? steps.map(({ name }) => `${kind} ${name}`) : [])

/** Makes every step of every task of a service meet the troubles of a trial, until `stop`. */
export function plantTroubles(trial: Trial) {
  const plan = plans[trial]
  const met = new Map<string, number>()
  const hits = new Set<string>()
  let points: Points = livingForever()
  let deaths = 0
  const die = (where: string): never => {
    deaths++
    points.dead = true
    throw new Crash(where)
  }
  const steps = new Map(definitions.flatMap(([, { steps }]) => steps.map(step => [step, step.run] as const)))
  for (const [step, run] of steps) {
    step.run = async (context) => {
      const where = `${context.saga.kind} ${step.name}`
      const key = `${context.saga.serviceId} ${where} ${context.saga.action}`
      const count = met.get(key) ?? 0
      const trouble = plan[count]
      if (trouble === undefined) {
        hits.add(where)
        return run(context)
      }
      const happened = () => met.set(key, count + 1)
      if (trouble === 'refused') {
        happened()
        throw new DriverError('permanent', planted)
      }
      const outcome = await run(context)
      if (outcome.kind !== 'done') return outcome
      happened()
      if (trouble === 'unanswered') throw new DriverError('unknown_outcome', planted)
      if (trouble === 'dies_after') return die(where)
      hits.add(where)
      return run(context)
    }
  }
  return {
    /** Steps that met all that was planned, and ended. */
    hits,
    get deaths() { return deaths },
    /** Works on the open task of a service to its end: another worker after each death, staff's retry (or `anew`) after each failure that was planted. */
    async carryOut(world: ProvisioningWorld, serviceId: string, anew: (() => Promise<unknown>) | null = null): Promise<void> {
      for (let turn = 0; turn < 100; turn++) {
        points = livingForever()
        try {
          await world.drain(world.worker(points))
        } catch (error) {
          if (!(error instanceof Crash)) throw error
          world.afterDeath()
          continue
        }
        const { newest } = await world.look(serviceId)
        if (newest?.status !== 'failed' || newest.reason !== planted) return
        await (anew ? anew() : world.test.app.core.transact(stores => retrySaga(stores, { serviceId, actor: 'test', at: world.test.clock.now() })))
      }
      throw new Error('the task does not come to an end')
    },
    stop() {
      for (const [step, run] of steps) step.run = run
    },
  }
}
