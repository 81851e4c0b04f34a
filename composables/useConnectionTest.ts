import type { testConnection } from '#shared/contracts/admin.ts'

export type ConnectionTestStep = ApiResult<typeof testConnection>['steps'][number]

/** A live test of a connection, its steps as they arrive; `path` answers server-sent events. One at a time; leaving the page ends it. */
export function useConnectionTest() {
  const { t, locale } = useI18n()
  const steps = ref<ConnectionTestStep[]>([])
  const running = ref(false)
  const result = ref<boolean | null>(null)
  const problem = ref<string | null>(null)
  let abort: AbortController | null = null

  function take(name: string, data: string) {
    if (name === 'step') steps.value = [...steps.value, JSON.parse(data) as ConnectionTestStep]
    if (name === 'done') {
      const whole = JSON.parse(data) as ApiResult<typeof testConnection>
      steps.value = whole.steps
      result.value = whole.ok
    }
  }

  /** Reads server-sent events from the answer of a POST; the line between two events is empty. */
  async function read(body: ReadableStream<Uint8Array>) {
    const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader()
    let rest = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      const blocks = (rest + value).replaceAll('\r\n', '\n').split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const lines = block.split('\n')
        const field = (name: string) => lines.filter(line => line.startsWith(`${name}:`)).map(line => line.slice(name.length + 1).replace(/^ /, '')).join('\n')
        take(field('event'), field('data'))
      }
    }
  }

  /** Answers whether every step passed; null: there is no outcome, `problem` says why. A refused field is thrown. @throws ApiProblem */
  async function run(path: string, body?: object): Promise<boolean | null> {
    if (running.value) return null
    running.value = true
    steps.value = []
    result.value = null
    problem.value = null
    abort = new AbortController()
    try {
      const answer = await fetch(path, { method: 'POST', signal: abort.signal, headers: { 'accept': 'text/event-stream', 'x-gardu-locale': locale.value, ...(body ? { 'content-type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) })
      if (answer.ok && answer.body) await read(answer.body)
      else throw new ApiProblem(await answer.json() as ConstructorParameters<typeof ApiProblem>[0])
      if (result.value === null) problem.value = t('infrastructure.test.broken')
    } catch (error) {
      if (error instanceof ApiProblem && error.fields.length > 0) throw error
      if (!abort.signal.aborted) problem.value = error instanceof ApiProblem ? error.title : t('infrastructure.test.broken')
    } finally {
      running.value = false
    }
    return result.value
  }
  onScopeDispose(() => abort?.abort())
  return { steps, running, result, problem, run }
}
