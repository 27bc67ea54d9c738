// The container of module federation that JupyterLab loads: it calls init() with the modules that
// it shares, then get("./extension"), which promises a function that gives the plugins.
(() => {
  "use strict";
  const here = new URL(document.currentScript.src); // its query is the version, which ends caches
  const LIBRARIES = [
    "@jupyterlab/apputils",
    "@jupyterlab/coreutils",
    "@jupyterlab/notebook",
    "@jupyterlab/services",
    "@jupyterlab/ui-components",
    "@lumino/signaling",
    "@lumino/widgets",
  ];
  const MODULES = ["states", "badge", "graph", "form", "panel", "commands", "plugin"];
  let shared = {};

  async function library(name) {
    const versions = Object.values(shared[name] ?? {});
    if (!versions.length) throw new Error(`nbsnake: JupyterLab does not share ${name}`);
    // JupyterLab's own copy, not one that another extension brought
    const isOwn = ({ eager, from }) => eager || /application-top|notebook\/app/.test(from);
    return (await (versions.find(isOwn) ?? versions[0]).get())();
  }

  function style() {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`style.css${here.search}`, here).href;
    document.head.append(link);
  }

  async function load() {
    style();
    const own = MODULES.map((name) => import(new URL(`${name}.js${here.search}`, here).href));
    const [libraries, modules] = await Promise.all([
      Promise.all(LIBRARIES.map(library)),
      Promise.all(own),
    ]);
    const lab = Object.assign({}, ...libraries);
    // each module adds what it defines, for those after it
    for (const module of modules) Object.assign(lab, module.define(lab));
    return { __esModule: true, default: lab.plugin };
  }

  let loaded;
  (window._JUPYTERLAB ??= {}).nbsnake = {
    init: (scope) => {
      shared = scope;
    },
    get: (name) =>
      name === "./extension"
        ? (loaded ??= load()).then((module) => () => module)
        : Promise.reject(new Error(`nbsnake: there is no module ${name}`)),
  };
})();
