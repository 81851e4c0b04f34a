/** For `v-model:open` of a dialog about something: open while there is something that it is about, and closing it lets go of that. */
export const useOpenWhile = (subject: Ref<unknown>) => computed({
  get: () => subject.value !== null,
  set: (open) => {
    if (!open) subject.value = null
  },
})
