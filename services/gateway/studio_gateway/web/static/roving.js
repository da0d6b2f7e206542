// A group of controls that is one stop of the Tab key; the arrow keys go on from there.

const rowLength = (group) => getComputedStyle(group).gridTemplateColumns.split(" ").length;

/** Make `items` of the element `group` one stop. Returns `refresh`, to call when items were disabled or enabled. */
export function oneStop(group, items) {
  const stopAt = (place) => items.forEach((item, i) => { item.tabIndex = i === place ? 0 : -1; });
  group.addEventListener("focusin", (event) => items.includes(event.target) && stopAt(items.indexOf(event.target)));
  group.addEventListener("keydown", (event) => {
    const row = rowLength(group);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[event.key];
    if (!step) return;
    event.preventDefault();
    let place = items.indexOf(event.target) + step;
    while (items[place]?.disabled) place += Math.sign(step);
    items[place]?.focus();
  });
  stopAt(0);
  return () => {
    if (items.some((item) => item.disabled && item.tabIndex === 0)) stopAt(items.findIndex((item) => !item.disabled));
  };
}
