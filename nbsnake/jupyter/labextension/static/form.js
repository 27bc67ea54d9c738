// The values of params.yaml as a form. They stay text until the server reads them by their types.
export function define({ Widget, ask, element }) {
  function control(field) {
    if (field.flag || field.choices.length) {
      const select = document.createElement("select");
      const choices = field.flag ? ["true", "false"] : field.choices;
      const blank = field.text ? [] : [""];
      for (const choice of [...blank, ...choices]) select.append(new Option(choice, choice));
      select.value = field.text;
      return select;
    }
    const input = document.createElement("input");
    input.value = field.text;
    input.spellcheck = false;
    return input;
  }

  class Form extends Widget {
    constructor(written) {
      super({ node: document.createElement("form") });
      this.addClass("nbsnake-form");
      this.written = written; // called after params.yaml was written
      this.path = null;
      this.node.onsubmit = (event) => {
        event.preventDefault();
        void this.write();
      };
    }

    async load(path) {
      this.path = path;
      const found = await ask("parameters", { path }).catch((error) => ({ fault: error.message }));
      if (this.path !== path) return; // another notebook was chosen meanwhile
      this.digest = found.digest;
      this.rows = (found.fields ?? []).map((field) => this.row(field));
      const others = element("details", "");
      others.append(element("summary", "", "Other steps"));
      others.append(...this.rows.filter(({ field }) => !field.own).map(({ node }) => node));
      this.button = element("button", "jp-mod-styled jp-mod-accept", "Write params.yaml");
      this.note = element("p", found.fault ? "nbsnake-fault" : "", found.fault ?? "");
      this.note.setAttribute("role", "status");
      this.node.replaceChildren(
        ...this.rows.filter(({ field }) => field.own).map(({ node }) => node),
        ...(others.children.length > 1 ? [others] : []),
        ...(this.rows.length ? [this.button] : []),
        this.note,
      );
      if (!this.rows.length && !found.fault) this.note.textContent = "There are no parameters.";
    }

    row(field) {
      const node = element("label", "nbsnake-field");
      const name = field.keys.join(".");
      const input = control(field);
      input.name = name;
      const fault = element("span", "nbsnake-fault");
      const kind = element("span", "nbsnake-type", field.type);
      node.append(element("span", "nbsnake-name", name), kind, input);
      const none = field.optional ? this.none(field, input, node) : null;
      if (field.help) node.append(element("span", "nbsnake-help", field.help));
      node.append(fault);
      return { field, node, input, none, fault };
    }

    none(field, input, node) {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = input.disabled = field.null;
      box.setAttribute("aria-label", `${input.name} is null`);
      box.onchange = () => {
        input.disabled = box.checked;
      };
      const shown = element("span", "nbsnake-null");
      shown.append(box, "null");
      node.append(shown);
      return box;
    }

    changes() {
      return this.rows
        .map(({ field, input, none }) => ({
          field,
          change: { keys: field.keys, text: input.value, null: Boolean(none?.checked) },
        }))
        .filter(
          ({ field, change }) =>
            change.null !== field.null || (!change.null && change.text !== field.text),
        )
        .map(({ change }) => change);
    }

    async write() {
      const changes = this.changes();
      if (!changes.length) return;
      const body = { changes, digest: this.digest };
      const found = await ask("parameters", { path: this.path }, "PUT", body).catch((error) => ({
        fault: error.message,
      }));
      const faults = new Map((found.faults ?? []).map((each) => [each.keys.join("."), each.message]));
      for (const { input, fault } of this.rows) {
        fault.textContent = faults.get(input.name) ?? "";
        input.setAttribute("aria-invalid", faults.has(input.name));
      }
      this.note.className = found.fault ? "nbsnake-fault" : "";
      this.note.textContent = found.fault ?? "";
      if (faults.size || found.fault) return;
      await this.load(this.path);
      this.note.textContent = "params.yaml is written.";
      this.written();
    }
  }

  return { Form };
}
