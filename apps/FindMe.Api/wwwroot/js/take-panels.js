// The trip report and the links for others: below the results' buttons, one at a time.
import { element, replace } from './element.js';
import { problemNotice } from './notice.js';
import { mountReportEditor } from './report-editor.js';
import { mountShare } from './share.js';

// found(): every match that counts. chosen(): one match a picture, of those that are selected if any are.
export function takePanels(page, search, { found, chosen }) {
  const node = element('div', { class: 'take-panel', hidden: true });
  let open;
  let leaveOpen;

  const report = button('Trip report', () => mountReportEditor(node, page, search.id, found()));
  const share = button('Share a link', () => mountShare(node, page, search.id, chosen()));

  function button(words, mount) {
    const toggle = element('button', { type: 'button', class: 'button', 'aria-expanded': 'false', onclick: () => show(toggle, mount) }, words);
    return toggle;
  }

  async function show(toggle, mount) {
    const wasOpen = open === toggle;
    leave();
    if (wasOpen) return;
    open = toggle;
    toggle.setAttribute('aria-expanded', 'true');
    node.hidden = false;
    try {
      const mounted = await mount();
      if (open === toggle) leaveOpen = mounted?.leave;
      else mounted?.leave();
    } catch (problem) {
      if (!page.needsConsent(problem)) replace(node, problemNotice(problem));
    }
  }

  function leave() {
    leaveOpen?.();
    leaveOpen = undefined;
    open?.setAttribute('aria-expanded', 'false');
    open = undefined;
    node.hidden = true;
    replace(node);
  }

  return { buttons: [report, share], node, leave };
}
