// A finger that moves to the side. While the page is enlarged with two fingers, one finger moves the enlarged part instead.
const LEAST_PIXELS = 48;

export function onSwipe(node, swiped) {
  let start;

  function end() {
    start = undefined;
    node.style.translate = '';
  }

  node.addEventListener('pointerdown', event => {
    const enlarged = (visualViewport?.scale ?? 1) > 1.01;
    if (start || !event.isPrimary || enlarged || event.pointerType === 'mouse') end();
    else start = event;
  });
  node.addEventListener('pointermove', event => {
    if (start) node.style.translate = `${event.clientX - start.clientX}px`;
  });
  node.addEventListener('pointercancel', end);
  node.addEventListener('pointerup', event => {
    if (!start) return;
    const across = event.clientX - start.clientX;
    const down = event.clientY - start.clientY;
    end();
    if (Math.abs(across) >= LEAST_PIXELS && Math.abs(across) > 1.5 * Math.abs(down)) swiped(across < 0 ? 'left' : 'right');
  });
}
