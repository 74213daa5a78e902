// Searches that are about to be deleted: each can be had back for some seconds, also from another step of the page.
import { api } from './api.js';
import { toast } from './toast.js';

const SECONDS = 10;

// Search id → {timer, undone}.
const pending = new Map();

// When the page goes away there is nobody left to undo anything.
addEventListener('pagehide', () => {
  for (const [id, { timer }] of pending) {
    clearTimeout(timer);
    api.deleteSearch(id, true).catch(() => {});
  }
  pending.clear();
});

export const isBeingDeleted = id => pending.has(id);

// undone(): it stays after all. failed(problem): it could not be deleted and stays. deleted(): it is gone.
export function deleteSoon(id, { undone, failed, deleted }) {
  const timer = setTimeout(async () => {
    try {
      await api.deleteSearch(id);
      pending.delete(id);
      deleted();
    } catch (problem) {
      pending.delete(id);
      // Deleted elsewhere meanwhile: that is what was wanted.
      if (problem.status === 404) deleted();
      else failed(problem);
    }
  }, SECONDS * 1000);
  pending.set(id, { timer, undone });
  const words = pending.size === 1 ? 'This search is' : `${pending.size} searches are`;
  toast(`${words} deleted in ${SECONDS} seconds, or as soon as you close or reload the page.`, [['Undo', undoAll]], { lasting: SECONDS, holds: false });
}

function undoAll() {
  for (const [id, { timer, undone }] of [...pending]) {
    clearTimeout(timer);
    pending.delete(id);
    undone();
  }
}
