// A drawing pad of size x size squares: mouse, pen or finger paint; so do the arrow keys and Space. Nothing is loaded from elsewhere.
const SCREEN = 256, EVERY = 80;                                     // its side in screen pixels; milliseconds between two reports
const LIMIT = 5e6, SHRUNK = 512;    // bytes of a file that is sent as it is; side of what is sent else

function render({ model, el }) {
  const size = model.get("size"), names = model.get("names"), colours = model.get("colours");
  const pixels = new Uint8ClampedArray(size * size * 3), history = [];
  let chosen = 0, brush = 1, row = 0, column = 0, waiting = null, painting = false;

  const make = (tag, attributes = {}, text = "") => Object.assign(document.createElement(tag), { textContent: text, ...attributes });
  const canvas = make("canvas", { width: SCREEN, height: SCREEN, tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `${model.get("label")}: drawing pad. Arrow keys move, Space paints.`);
  canvas.dataset.lmSuppressShortcuts = "true";                      // JupyterLab leaves the arrow keys to us
  canvas.style.cssText = "border:1px solid #888;touch-action:none;cursor:crosshair";
  const status = make("div", { className: "gan-course-pad-status" });
  status.setAttribute("role", "status");
  const tools = make("div"), notice = make("div");
  notice.setAttribute("role", "alert");
  el.append(canvas, tools, notice, status);

  function show() {
    const context = canvas.getContext("2d"), side = SCREEN / size;
    for (let r = 0; r < size; r++) for (let c = 0; c < size; c++) {
      const at = 3 * (r * size + c);
      context.fillStyle = `rgb(${pixels[at]},${pixels[at + 1]},${pixels[at + 2]})`;
      context.fillRect(c * side, r * side, side, side);
    }
    if (document.activeElement === canvas) {
      context.lineWidth = 2;
      context.strokeStyle = "#000";
      context.strokeRect(column * side - 1, row * side - 1, brush * side + 2, brush * side + 2);
      context.strokeStyle = "#fff";
      context.strokeRect(column * side + 1, row * side + 1, brush * side - 2, brush * side - 2);
    }
    status.textContent = `Row ${row + 1}, column ${column + 1}; ${names[chosen]}.`;
  }

  function report() {                                               // at most once every few milliseconds, and always the last one
    if (waiting !== null) return;
    waiting = setTimeout(() => {
      waiting = null;
      model.set("drawn", new DataView(pixels.slice().buffer));
      model.save_changes();
    }, EVERY);
  }

  function remember() {
    history.push(pixels.slice());
    if (history.length > 50) history.shift();
  }

  function paint() {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colours[chosen].slice(at, at + 2), 16));
    for (let r = row; r < Math.min(size, row + brush); r++) for (let c = column; c < Math.min(size, column + brush); c++)
      pixels.set([red, green, blue], 3 * (r * size + c));
    show();
    report();
  }

  function point(event) {
    const box = canvas.getBoundingClientRect();
    const place = (at, from, length) => Math.max(0, Math.min(size - 1, Math.floor((at - from) / length * size)));
    row = place(event.clientY, box.top, box.height);
    column = place(event.clientX, box.left, box.width);
    paint();
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.focus();
    painting = true;
    remember();
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => painting && point(event));
  canvas.addEventListener("pointerup", () => { painting = false; });
  canvas.addEventListener("pointercancel", () => { painting = false; });
  canvas.addEventListener("focus", show);
  canvas.addEventListener("blur", show);
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) {
      row = Math.max(0, Math.min(size - 1, row + step[0]));
      column = Math.max(0, Math.min(size - 1, column + step[1]));
      show();
    } else {
      remember();
      paint();
    }
  });

  function choices(label, texts, pick, look = () => "") {
    const group = make("div");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", label);
    const buttons = texts.map((text, i) => {
      const button = make("button", { type: "button", onclick: () => { pick(i); mark(i); show(); } });
      button.setAttribute("aria-label", `${label} ${text}`);
      button.style.cssText = `margin:2px;padding:2px 8px;${look(i)}`;
      return button;
    });
    const mark = (chosen) => buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", i === chosen);
      button.textContent = (i === chosen ? "✓ " : "") + texts[i];
    });
    mark(0);
    group.append(...buttons);
    tools.append(group);
  }

  const dark = (colour) => [1, 3, 5].reduce((sum, at, i) => sum + [0.3, 0.6, 0.1][i] * parseInt(colour.slice(at, at + 2), 16), 0) < 128;
  choices("Colour", names, (i) => { chosen = i; },
    (i) => `background:${colours[i]};color:${dark(colours[i]) ? "white" : "black"};border:1px solid #888`);
  choices("Brush", ["1", "2", "4"], (i) => { brush = [1, 2, 4][i]; });
  const undo = make("button", { type: "button", onclick: () => {
    if (!history.length) return;
    pixels.set(history.pop());
    show();
    report();
  } }, "Undo");
  undo.style.cssText = "margin:2px;padding:2px 8px";
  tools.append(undo);

  async function smallerCopy(file) {            // its central square, for JupyterLab cuts the connection
    const picture = await createImageBitmap(file);                  // at a message of 10 MB
    const side = Math.min(picture.width, picture.height), to = Math.min(side, SHRUNK);
    const left = (picture.width - side) / 2, top = (picture.height - side) / 2;
    const copy = make("canvas", { width: to, height: to }), context = copy.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, left, top, side, side, 0, 0, to, to);
    return new Promise((done) => copy.toBlob(done, "image/png"));
  }

  async function send(file) {                                       // as a message: the same file may come twice
    const megabytes = `${(file.size / 1e6).toFixed(1)} MB`;
    notice.textContent = "";
    let content = file;
    if (file.size > LIMIT) {
      try {
        content = await smallerCopy(file);
        notice.textContent = `${file.name} has ${megabytes}, so a smaller copy was taken.`;
      } catch {
        notice.textContent = `${file.name} has ${megabytes}, too much to send, and this browser ` +
          "cannot shrink it. Make it smaller, or save it as a JPEG or PNG file.";
        return;
      }
    }
    model.send({ name: file.name }, undefined, [await content.arrayBuffer()]);
  }

  const chooser = make("input", { type: "file", accept: "image/*", hidden: true });
  chooser.onchange = () => {
    const [file] = chooser.files;
    if (file) send(file);
    chooser.value = "";                         // else choosing the same file again would be no change
  };
  const ask = { type: "button", onclick: () => chooser.click() };
  const choose = make("button", ask, "A file of yours");
  choose.style.cssText = "margin:2px;padding:2px 8px";
  tools.append(choose, chooser);

  function take() {                                                 // a picture that came from Python
    const given = model.get("given");
    if (!given || given.byteLength !== pixels.length) return;
    clearTimeout(waiting);
    waiting = null;
    remember();
    pixels.set(new Uint8Array(given.buffer, given.byteOffset, given.byteLength));
    show();
  }
  model.on("change:puts", take);
  take();
  show();
  return () => { clearTimeout(waiting); model.off("change:puts", take); };
}

export default { render };
