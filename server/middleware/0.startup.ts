/** Nothing is served before the application runs. */
export default defineEventHandler(async (event) => {
  await (event.context.startup as Promise<unknown> | undefined)
})
