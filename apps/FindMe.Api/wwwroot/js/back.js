// A dialog that the browser's Back closes, instead of leaving the page under it.
export function closesOnBack(dialog) {
  let pushed = false;

  function popped() {
    pushed = false;
    removeEventListener('popstate', popped);
    history.scrollRestoration = 'auto';
    if (dialog.open) dialog.close();
  }

  // Closed by itself: the step that was added to the history goes too.
  dialog.addEventListener('close', () => {
    if (pushed) history.back();
  });

  return {
    open() {
      if (dialog.open) return;
      // Otherwise the browser would scroll the page back to where it was, away from the photo that the person walked to.
      history.scrollRestoration = 'manual';
      history.pushState({ dialog: true }, '');
      pushed = true;
      addEventListener('popstate', popped);
      dialog.showModal();
    },
    // The page leaves for another address: its history is not touched.
    leave() {
      pushed = false;
      removeEventListener('popstate', popped);
      history.scrollRestoration = 'auto';
      if (dialog.open) dialog.close();
    },
  };
}
