// The page: draws each chart for the chosen queue and medium, and again when its width changes.

const NAMES = {voice: "Voice", message: "Messages", email: "E-mail", chat: "Chat", callback: "Callbacks"};

function fill(select, names, everything) {
  select.append(new Option(everything, ALL));
  names.forEach((name, place) => select.append(new Option(name, place)));
}

function show(section) {
  const figure = charts[section.dataset.chart]();
  const lead = section.querySelector(".lead");
  const drawing = section.querySelector(".drawing");
  const details = section.querySelector("details");
  const table = details.querySelector(".scroll");
  [lead, drawing, table].forEach((part) => part.replaceChildren());
  details.hidden = Boolean(figure.empty);
  if (figure.empty) {
    drawing.append(html("p", "empty", figure.empty));
    return;
  }
  lead.append(html("strong", "", figure.lead[0]), ` ${figure.lead[1]}`);
  const draw = figure.kind === "bars" ? barsChart : columnsChart;
  const svg = draw(figure, Math.max(280, drawing.clientWidth));
  const title = section.querySelector("h3").textContent;
  svg.setAttribute("aria-label", `${title}: ${figure.lead.join(" ")}. The figures are in the table below.`);
  drawing.append(legend(figure), svg);
  if (figure.most && figure.rows.length > figure.most) {
    drawing.append(html("p", "more", `The ${figure.most} largest of ${figure.rows.length}; the table has all.`));
  }
  table.append(tableOf(figure));
}

function showAll() {
  document.querySelectorAll("section[data-chart]").forEach(show);
}

for (const name of ["queue", "medium"]) {
  const select = document.getElementById(name);
  const names = name === "queue" ? data.queues : data.media.map((medium) => NAMES[medium] ?? medium);
  fill(select, names, name === "queue" ? "All queues" : "All media");
  select.addEventListener("change", () => {
    selection[name] = Number(select.value);
    showAll();
  });
}
let width = document.documentElement.clientWidth;
addEventListener("resize", () => {
  if (document.documentElement.clientWidth !== width) {
    width = document.documentElement.clientWidth;
    showAll();
  }
});
showAll();
