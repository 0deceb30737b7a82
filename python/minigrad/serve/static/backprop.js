"use strict";
/* The page shows the state that the server holds and sends it the user's wishes; it computes no gradient. */

const $ = (id) => document.getElementById(id);
const DATA = ["xor", "circle", "spiral", "moons"];
const ACTIVATIONS = [["sigmoid", "Sigmoid"], ["relu", "ReLU"], ["tanh", "Tanh"]];
const INITS = ["xavier", "he", "normal", "zero"];
const OPTIMIZERS = ["sgd", "momentum", "adam"];
const LIMIT = 1.3; // the decision map reaches this far to every side

let state = null, samples = null, running = false, busy = false;
let phase = -1; // -1: everything; else how many phases of the present step have been shown
let sample = null; // the sample shown alone, or null for the batch
let places = []; // node positions by column
let frames = 0;

async function call(path, body) {
  const query = sample === null ? "" : `?sample=${sample}`;
  const options = body === undefined ? {} :
    { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(path + query, options);
  const content = await reply.json();
  if (!reply.ok) throw new Error(content.error || reply.statusText);
  return content;
}

/* Ask the server, one request at a time, and draw what it answers. */
async function ask(path, body) {
  if (busy) return false;
  busy = true;
  try {
    state = await call(path, body);
    $("problem").textContent = state.problem;
    if (state.problem) stop();
    draw();
    return true;
  } catch (error) {
    stop();
    $("problem").textContent = error.message;
    return false;
  } finally {
    busy = false;
  }
}

async function change(knobs) {
  const fresh = "data" in knobs || "noise" in knobs || "seed" in knobs || "n_samples" in knobs;
  if (fresh) sample = null;
  phase = -1;
  if (await ask("change", knobs) && fresh) {
    samples = await call("samples");
    draw();
  }
}

const step = (n = 1) => { phase = -1; return ask("step", { n }); };
function stop() { running = false; $("run").textContent = "Run"; $("run").classList.remove("on"); }
function toggleRun() {
  if (running) return stop();
  running = true;
  $("run").textContent = "Pause";
  $("run").classList.add("on");
  requestAnimationFrame(function loop() {
    if (!running) return;
    step().then(() => running && requestAnimationFrame(loop));
  });
}

/* Forward through each layer, back through each, then the step itself. */
function nextPhase() {
  stop();
  const last = 2 * state.layers.length;
  if (phase >= last) return step();
  phase = Math.max(phase, 0) + 1;
  draw();
}
function phaseName() {
  const n = state.layers.length;
  if (phase < 0) return "";
  if (phase <= n) return `forward: layer ${phase} of ${n}`;
  return `backward: layer ${2 * n - phase + 1} of ${n}; numbers on the edges are δ·a`;
}
const forwardShown = (column) => phase < 0 || column <= phase;
const backwardShown = (layer) => phase < 0 || phase > state.layers.length + (state.layers.length - 1 - layer);

/* --- drawing */

/* Blue below zero, white at it, red above, on a symmetric logarithmic scale. */
function colour(value, scale) {
  const t = Math.max(-1, Math.min(1, Math.sign(value) * Math.log1p(9 * Math.abs(value) / (scale || 1)) / Math.log(10)));
  const far = t < 0 ? [33, 102, 172] : [178, 24, 43];
  const mix = far.map((c) => Math.round(245 + (c - 245) * Math.abs(t)));
  return `rgb(${mix.join(",")})`;
}
/* What can be read on a colour, given as the canvas names it: "#rrggbb". */
function ink(name) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(name.slice(i, i + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#222" : "#fff";
}
const number = (v) => v === null || v === undefined ? "–" : Math.abs(v) >= 1e-3 && Math.abs(v) < 1e4 || v === 0 ?
  v.toFixed(4) : v.toExponential(2);
const largest = (rows) => Math.max(1e-30, ...rows.flat(2).map(Math.abs));

function layOut(canvas) {
  const columns = state.widths.length, w = canvas.width, h = canvas.height;
  places = state.widths.map((n, c) => {
    const gap = Math.min(64, (h - 70) / n);
    const x = 60 + c * (w - 120) / Math.max(1, columns - 1);
    return Array.from({ length: n }, (_, i) => ({ x, y: (h + 20) / 2 + (i - (n - 1) / 2) * gap, r: Math.min(18, gap * 0.4, 0.35 * (w - 120) / Math.max(1, columns - 1)) }));
  });
}

function drawEdges(g) {
  state.layers.forEach((layer, l) => {
    const top = largest(layer.weight), steep = largest(layer.weight_grad);
    layer.weight.forEach((row, to) => row.forEach((w, source) => {
      const a = places[l][source], b = places[l + 1][to];
      const grad = layer.weight_grad[to][source];
      g.lineWidth = 0.5 + 4.5 * Math.abs(w) / top;
      g.globalAlpha = forwardShown(l + 1) ? 0.9 : 0.25;
      g.strokeStyle = backwardShown(l) ? colour(grad, steep) : "#cfcfcf";
      if (Math.abs(grad) < 0.02 * steep || !backwardShown(l)) g.strokeStyle = "#d6d6d6";
      g.beginPath(); g.moveTo(a.x, a.y); g.lineTo(b.x, b.y); g.stroke();
    }));
    g.globalAlpha = 1;
    if (phase >= 0 && backwardShown(l) && layer.weight.length * layer.weight[0].length <= 24) numberEdges(g, l);
  });
}

/* Each gradient on its edge, at the first place from its middle out that no other number takes. */
function numberEdges(g, l) {
  const taken = [];
  g.font = "10px DejaVu Sans, sans-serif"; g.textAlign = "center"; g.textBaseline = "middle";
  state.layers[l].weight_grad.forEach((row, to) => row.forEach((grad, source) => {
    const a = places[l][source], b = places[l + 1][to], words = number(grad), w = g.measureText(words).width;
    const spots = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82].map((t) => [a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t]);
    const spot = spots.find(([x, y]) => taken.every(([u, v]) => Math.abs(x - u) > w + 2 || Math.abs(y - v) > 11)) || spots[0];
    taken.push(spot);
    g.fillStyle = "#fff"; g.fillRect(spot[0] - w / 2 - 1, spot[1] - 6, w + 2, 12);
    g.fillStyle = "#222"; g.fillText(words, spot[0], spot[1]);
  }));
  g.textBaseline = "alphabetic";
}

function drawNodes(g) {
  const scale = largest(state.activations.slice(0, -1).length ? state.activations : [[1]]);
  places.forEach((column, c) => column.forEach((p, i) => {
    const seen = forwardShown(c);
    const delta = c > 0 && backwardShown(c - 1) ? state.layers[c - 1].deltas[i] : 0;
    const steep = c > 0 ? largest([state.layers[c - 1].deltas]) : 1;
    g.beginPath(); g.arc(p.x, p.y, p.r, 0, 7);
    g.fillStyle = seen ? colour(state.activations[c][i], scale) : "#fff";
    g.fill();
    g.lineWidth = c > 0 ? 1 + 4 * Math.abs(delta) / steep : 1;
    g.strokeStyle = c > 0 && delta ? colour(delta, steep) : "#6b6b6b";
    g.stroke();
    if (p.r > 11 && seen) {
      g.fillStyle = ink(g.fillStyle); g.font = "10px DejaVu Sans, sans-serif"; g.textAlign = "center"; g.textBaseline = "middle";
      const value = state.activations[c][i];
      g.fillText(value === null || Math.abs(value) >= 100 ? "…" : value.toFixed(2), p.x, p.y);
    }
  }));
}

function drawNetwork() {
  const canvas = $("network"), g = canvas.getContext("2d");
  g.clearRect(0, 0, canvas.width, canvas.height);
  layOut(canvas);
  drawEdges(g);
  drawNodes(g);
  g.textBaseline = "alphabetic"; g.textAlign = "center"; g.fillStyle = "#6b6b6b"; g.font = "11px DejaVu Sans, sans-serif";
  places.forEach((column, c) => {
    const name = c === 0 ? "inputs" : c === places.length - 1 ? "output" : state.choice.activations ?
      state.choice.activations[c - 1] : `layer ${c}`;
    if (places.length <= 12 || c === 0 || c === places.length - 1) g.fillText(name, column[0].x, 18);
  });
  g.textAlign = "left"; g.fillStyle = "#222";
  g.fillText(phaseName(), 12, canvas.height - 10);
}

const toPlane = (p) => [(p[0] + LIMIT) / (2 * LIMIT) * 300, (LIMIT - p[1]) / (2 * LIMIT) * 300];

function drawPlane() {
  const g = $("plane").getContext("2d"), side = state.map.length, cell = 300 / side;
  state.map.forEach((row, j) => row.forEach((v, i) => {
    g.fillStyle = colour(v === null ? 0 : 2 * v - 1, 1.6);
    g.fillRect(i * cell, 300 - (j + 1) * cell, cell + 1, cell + 1);
  }));
  samples.points.forEach((p, i) => {
    const [x, y] = toPlane(p);
    g.beginPath(); g.arc(x, y, i === sample ? 6 : 3, 0, 7);
    g.fillStyle = samples.target[i] ? "#b2182b" : "#2166ac";
    g.fill();
    g.lineWidth = i === sample ? 2.5 : 0.8; g.strokeStyle = i === sample ? "#222" : "#fff"; g.stroke();
  });
}

function drawLoss() {
  const canvas = $("loss"), g = canvas.getContext("2d"), w = canvas.width, h = canvas.height;
  g.clearRect(0, 0, w, h);
  const points = state.losses, top = Math.max(...points.map((p) => p[1]), 1e-9), last = Math.max(1, state.last_step);
  g.strokeStyle = "#dcdcdc"; g.strokeRect(36.5, 4.5, w - 42, h - 22);
  g.fillStyle = "#6b6b6b"; g.font = "10px DejaVu Sans, sans-serif"; g.textAlign = "right";
  g.fillText(top.toPrecision(2), 33, 12); g.fillText("0", 33, h - 18);
  g.textAlign = "center"; g.fillText(`step ${state.last_step}`, w - 34, h - 4);
  const x = (s) => 37 + s / last * (w - 43), y = (v) => h - 18 - v / top * (h - 24);
  g.strokeStyle = "#5790fc"; g.lineWidth = 1.5; g.beginPath();
  points.forEach((p, i) => i ? g.lineTo(x(p[0]), y(p[1])) : g.moveTo(x(p[0]), y(p[1])));
  g.stroke();
  g.strokeStyle = "#222"; g.beginPath(); g.moveTo(x(state.step), 5); g.lineTo(x(state.step), h - 18); g.stroke();
}

/* A bar per layer on a logarithmic axis from 1e-12 to 100, and what a chain of sigmoids allows at most. */
function drawNorms() {
  const canvas = $("norms"), g = canvas.getContext("2d"), w = canvas.width, h = canvas.height;
  g.clearRect(0, 0, w, h);
  const norms = state.grad_norms, n = norms.length, y = (v) => h - 18 - (Math.log10(Math.max(v, 1e-12)) + 12) / 14 * (h - 26);
  g.font = "10px DejaVu Sans, sans-serif"; g.fillStyle = "#6b6b6b"; g.textAlign = "right";
  for (const e of [-12, -8, -4, 0]) {
    g.fillText(`1e${e}`, 33, y(10 ** e) + 3);
    g.strokeStyle = "#dcdcdc"; g.beginPath(); g.moveTo(37, y(10 ** e)); g.lineTo(w - 4, y(10 ** e)); g.stroke();
  }
  const cell = (w - 44) / n, last = norms[n - 1];
  norms.forEach((v, l) => {
    const bad = v === null || v < 1e-4 * last || v > 1e3 || v === 0;
    const top = y(v === null ? 100 : Math.min(v, 100));
    g.fillStyle = bad ? "#e42536" : "#5790fc";
    g.fillRect(40 + l * cell, top, cell * 0.7, h - 18 - top);
    g.fillStyle = "#6b6b6b"; g.textAlign = "center";
    if (n <= 20) g.fillText(String(l + 1), 40 + (l + 0.35) * cell, h - 5);
  });
  if (state.choice.activations && state.choice.activations.every((a) => a === "sigmoid") && n > 1) {
    g.strokeStyle = "#222"; g.setLineDash([3, 3]); g.beginPath();
    norms.forEach((_, l) => g.lineTo(40 + (l + 0.35) * cell, y(last * 0.25 ** (n - 1 - l))));
    g.stroke(); g.setLineDash([]);
  }
}

function drawControls() {
  const c = state.choice;
  for (const b of $("data").children) b.classList.toggle("on", b.value === c.data);
  for (const b of $("activation").children) b.classList.toggle("on", (c.activations || []).every((a) => a === b.value));
  $("init").value = c.init; $("optimizer").value = c.optimizer; $("skip").checked = c.skip;
  $("lr").value = Math.log10(c.lr); $("lr-value").textContent = Number(c.lr).toPrecision(2);
  $("noise").value = c.noise; $("noise-value").textContent = Number(c.noise).toFixed(2);
  $("time").max = state.last_step; $("time").value = state.step;
  const dead = state.dead.reduce((a, b) => a + b, 0);
  $("facts").textContent = `step ${state.step} of ${state.last_step} · loss ${number(state.loss)} · accuracy ` +
    `${(100 * state.accuracy).toFixed(1)}% · ${state.n_parameters} parameters` + (dead ? ` · ${dead} dead` : "");
  $("widths").replaceChildren(...(c.hidden || []).flatMap((n, l) => ["−", "+"].map((sign) => {
    const b = document.createElement("button");
    b.textContent = sign === "−" ? `− ${n}` : "+"; b.title = `nodes of hidden layer ${l + 1}`; b.dataset.layer = l;
    b.onclick = () => change({ hidden: c.hidden.map((m, k) => k === l ? m + (sign === "+" ? 1 : -1) : m) });
    return b;
  })));
}

function draw() {
  if (!state || !samples) return;
  drawNetwork(); drawPlane(); drawLoss(); drawNorms(); drawControls();
  frames += 1;
}

/* --- what lies under the pointer */

function locate(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
}
function nodeAt(x, y) {
  for (let c = 0; c < places.length; c++)
    for (let i = 0; i < places[c].length; i++)
      if (Math.hypot(places[c][i].x - x, places[c][i].y - y) <= places[c][i].r + 2) return { column: c, node: i };
  return null;
}
function edgeAt(x, y) {
  let best = null, near = 6;
  state.layers.forEach((layer, l) => layer.weight.forEach((row, to) => row.forEach((_, source) => {
    const a = places[l][source], b = places[l + 1][to], dx = b.x - a.x, dy = b.y - a.y;
    const t = ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy);
    if (t < 0.05 || t > 0.95) return;
    const d = Math.hypot(a.x + t * dx - x, a.y + t * dy - y);
    if (d < near) { near = d; best = { layer: l, to, source }; }
  })));
  return best;
}
function nodeText({ column, node }) {
  const lines = [column === 0 ? `input ${node + 1}` : `layer ${column}, node ${node + 1}`,
    `activation ${number(state.activations[column][node])}`];
  if (column > 0) {
    const layer = state.layers[column - 1];
    if (sample !== null) {
      const terms = layer.weight[node].map((w, i) => `${number(w)} × ${number(state.activations[column - 1][i])}`);
      lines.push(`sum ${number(layer.sums[node])} =\n  ${terms.join("\n+ ")}\n+ ${number(layer.bias[node])}`);
    } else lines.push(`sum, mean of the batch ${number(layer.sums[node])}`);
    lines.push(`delta = dL/dz ${number(layer.deltas[node])}`, `layer's gradient norm ${number(state.grad_norms[column - 1])}`);
    if (column < state.widths.length - 1) lines.push(`dead nodes in it ${state.dead[column - 1]}`);
  }
  return lines.join("\n");
}
function edgeText({ layer, to, source }) {
  const l = state.layers[layer], grad = l.weight_grad[to][source];
  const product = sample === null ? "" :
    ` = delta × a\n  = ${number(l.deltas[to])} × ${number(state.activations[layer][source])}`;
  return `layer ${layer + 1}: ${source + 1} → ${to + 1}\nweight ${number(l.weight[to][source])}\ndL/dw ${number(grad)}${product}`;
}
function hover(event) {
  const [x, y] = locate($("network"), event), node = nodeAt(x, y), edge = node ? null : edgeAt(x, y), tip = $("tip");
  tip.hidden = !node && !edge;
  if (tip.hidden) return;
  tip.textContent = node ? nodeText(node) : edgeText(edge);
  tip.style.left = `${Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8)}px`;
}
const precise = (v) => v === null ? "no number" : v.toExponential(6);
async function openEdge(edge) {
  stop();
  const reply = await call("check", edge);
  $("edge-title").textContent = `Layer ${edge.layer + 1}: ${edge.source + 1} → ${edge.to + 1}`;
  $("edge-facts").textContent = `dL/dw by backpropagation ${precise(reply.gradient)}, ` +
    `by a finite difference ${precise(reply.difference)}`;
  $("edge-value").value = state.layers[edge.layer].weight[edge.to][edge.source];
  const dialog = $("edge");
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue === "set" && $("edge-value").value !== "") ask("weight", { ...edge, value: Number($("edge-value").value) });
  };
  dialog.showModal();
}

/* --- controls */

function fill(id, items, knob) {
  $(id).replaceChildren(...items.map((item) => {
    const [value, text] = Array.isArray(item) ? item : [item, item];
    const b = document.createElement("button");
    b.value = value; b.textContent = text;
    b.onclick = () => change(knob(value));
    return b;
  }));
}
function options(id, items) {
  $(id).replaceChildren(...items.map((item) => new Option(item, item)));
  $(id).onchange = () => change({ [id]: $(id).value });
}
const setActivation = (name) => change({ activations: state.choice.hidden.map(() => name) });
function saveState() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(state, null, 1)], { type: "application/json" }));
  link.download = `backprop_step_${state.step}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
function connect() {
  fill("data", DATA, (data) => ({ data }));
  fill("activation", ACTIVATIONS, (name) => ({ activations: state.choice.hidden.map(() => name) }));
  options("init", INITS); options("optimizer", OPTIMIZERS);
  $("lr").onchange = () => change({ lr: 10 ** Number($("lr").value) });
  $("noise").onchange = () => change({ noise: Number($("noise").value) });
  $("skip").onchange = () => change({ skip: $("skip").checked });
  $("step").onclick = () => step(); $("phase").onclick = nextPhase; $("run").onclick = toggleRun;
  $("reset").onclick = () => { stop(); change({ seed: state.choice.seed }); };
  $("fewer-layers").onclick = () => change({ hidden: state.choice.hidden.slice(0, -1) });
  $("more-layers").onclick = () => change({ hidden: [...state.choice.hidden, state.choice.hidden.at(-1) || 4] });
  $("time").oninput = () => { stop(); ask("time", { time: Number($("time").value) }); };
  $("save").onclick = saveState; $("help").onclick = () => $("keys").showModal();
  $("network").onmousemove = hover; $("network").onmouseleave = () => { $("tip").hidden = true; };
  $("network").onclick = (event) => {
    const [x, y] = locate($("network"), event), edge = nodeAt(x, y) ? null : edgeAt(x, y);
    if (edge) openEdge(edge);
  };
  $("plane").onclick = (event) => {
    const [x, y] = locate($("plane"), event);
    const near = samples.points.map((p, i) => [Math.hypot(toPlane(p)[0] - x, toPlane(p)[1] - y), i]).sort((a, b) => a[0] - b[0])[0];
    sample = near && near[0] < 10 && near[1] !== sample ? near[1] : null;
    ask("state");
  };
  document.addEventListener("keydown", press);
}
function press(event) {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const actions = {
    " ": () => step(), b: nextPhase, Enter: toggleRun, 1: () => setActivation("sigmoid"), 2: () => setActivation("relu"),
    3: () => setActivation("tanh"), ArrowLeft: () => ask("time", { time: Math.max(0, state.step - 1) }),
    ArrowRight: () => ask("time", { time: state.step + 1 }), r: () => $("reset").click(), s: saveState,
    "?": () => $("keys").showModal(),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  document.activeElement.blur();
  action();
}

window.backprop = { get state() { return state; }, get places() { return places; }, get frames() { return frames; },
  get running() { return running; } };
connect();
call("samples").then((found) => { samples = found; return ask("state"); });
