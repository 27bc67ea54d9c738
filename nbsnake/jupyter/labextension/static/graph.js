// The steps as a list in the order of the graph, with a lane beside it for what others read.
export function define({ SIGNS }) {
  const ROW = 38; // pixels
  const LANE = 10;
  const SVG = "http://www.w3.org/2000/svg";

  function draw(name, attributes, parent) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  }

  function element(name, className, text = "") {
    const node = document.createElement(name);
    node.className = className;
    node.textContent = text;
    return node;
  }

  function lines(steps, left) {
    const row = new Map(steps.map((step, index) => [step.step, index]));
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("width", left + LANE);
    svg.setAttribute("height", steps.length * ROW);
    svg.setAttribute("aria-hidden", "true");
    for (const [index, step] of steps.entries()) {
      for (const name of step.needs) {
        const from = row.get(name) * ROW + ROW / 2;
        const to = index * ROW + ROW / 2;
        const lane = left - LANE * (steps[row.get(name)].lane + 1);
        const down = `C${lane} ${from} ${lane} ${from} ${lane} ${from + ROW / 2}`;
        const end = `C${lane} ${to} ${lane} ${to} ${left} ${to}`;
        draw("path", { d: `M${left} ${from}${down}V${to - ROW / 2}${end}` }, svg);
      }
    }
    return svg;
  }

  function rowOf(step, left, actions) {
    const item = element("li", step.own ? "nbsnake-step nbsnake-own" : "nbsnake-step");
    item.dataset.step = step.step;
    item.dataset.state = step.state;
    const sign = element("span", "nbsnake-sign", SIGNS[step.state]);
    sign.style.left = `${left - 7}px`;
    const open = element("button", "nbsnake-open");
    const head = element("span", "nbsnake-head", step.step);
    head.append(element("span", "nbsnake-state", step.state));
    open.append(head, element("span", "nbsnake-reason", step.reasons.join("; ")));
    open.title = [step.step, step.state, ...step.reasons].join("\n");
    open.disabled = !step.notebook;
    open.onclick = () => actions.open(step);
    const run = element("button", "nbsnake-run", "▶");
    run.title = `Run ${step.step} and what it needs`;
    run.setAttribute("aria-label", run.title);
    run.onclick = () => actions.run(step);
    item.style.paddingLeft = `${left + LANE}px`;
    item.append(sign, open, run);
    return item;
  }

  // The list; ``actions`` open the notebook of a step and run it.
  function graph(steps, actions) {
    const lanes = Math.max(0, ...steps.map((step) => (step.lane ?? -1) + 1));
    const left = LANE * lanes + LANE;
    const list = element("ol", "nbsnake-graph");
    list.append(lines(steps, left), ...steps.map((step) => rowOf(step, left, actions)));
    return list;
  }

  return { element, graph };
}
