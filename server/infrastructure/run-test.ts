import type { ConnectionTestStep } from './ports.ts'

export interface ConnectionTest { ok: boolean, steps: ConnectionTestStep[] }
export type OnStep = (step: ConnectionTestStep) => void | Promise<void>

/** Runs the live test of a driver; `onStep` is told each step as it is done. A driver that cannot even be opened failed its step of authentication. Never throws for what the remote does. */
export async function runTest(open: () => Promise<{ test(): AsyncGenerator<ConnectionTestStep> }>, onStep?: OnStep): Promise<ConnectionTest> {
  const steps: ConnectionTestStep[] = []
  const take = async (step: ConnectionTestStep) => {
    steps.push(step)
    await onStep?.(step)
  }
  try {
    for await (const step of (await open()).test()) await take(step)
  } catch (error) {
    await take({ step: 'auth', ok: false, milliseconds: 0, detail: error instanceof Error ? error.message : String(error) })
  }
  return { ok: steps.length > 0 && steps.every(step => step.ok), steps }
}
