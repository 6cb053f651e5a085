// Drawing: stacked columns with lines, and horizontal bars, as SVG without inline styles.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 240;

const node = (name, attributes = {}, content = "") => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (content !== "") element.textContent = content;
  return element;
};
const html = (name, className = "", content = "") => {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.textContent = content;
  return element;
};

const canvas = document.createElement("canvas").getContext("2d");
const widthOf = (content, size = 13, weight = 400) => {
  canvas.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(content).width;
};
const widest = (contents, size) => Math.max(...contents.map((content) => widthOf(content, size)));
const shortened = (content, room, weight) => {
  let length = content.length;
  const cut = () => (length < content.length ? `${content.slice(0, length)}…` : content);
  while (length > 1 && widthOf(cut(), 13, weight) > room) length -= 1;
  return cut();
};

// The places of the columns that are drawn in a way.
const drawnAs = (figure, way) =>
  figure.columns.map((column, place) => (column[way] ? place : -1)).filter((place) => place > 0);

const niceStep = (largest, unit) => {
  if (unit === time) {
    const steps = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000, 86400];
    return steps.find((step) => largest / step <= 5) ?? largest / 4;
  }
  const power = 10 ** Math.floor(Math.log10(largest / 4));
  const step = [1, 2, 2.5, 5, 10].find((factor) => largest / (factor * power) <= 5) * power;
  return unit === count ? Math.max(1, Math.round(step)) : step;
};
const axisTime = (seconds) => seconds < 60 ? `${seconds} s`
  : seconds < 3600 ? `${+(seconds / 60).toFixed(1)} min` : `${+(seconds / 3600).toFixed(1)} h`;
const axisLabel = (figure, value) => figure.unit === time ? axisTime(value) : figure.unit(value);

const hint = (figure, row) => figure.columns
  .map((column, place) => (place ? `${column.name}: ${column.format(row[place])}` : row[0]))
  .join("\n");

function columnsChart(figure, width) {
  const stacks = drawnAs(figure, "stack");
  const lines = drawnAs(figure, "line");
  const heights = figure.rows.flatMap((row) => [
    stacks.reduce((total, place) => total + (row[place] ?? 0), 0),
    ...lines.map((place) => row[place] ?? 0),
  ]);
  const largest = figure.largest ?? Math.max(...heights);
  const step = niceStep(largest || 1, figure.unit);
  const top = figure.largest ?? Math.ceil(largest / step) * step;
  const ticks = Array.from({length: Math.round(top / step) + 1}, (_, number) => number * step);
  const margin = {left: 10 + widest(ticks.map((tick) => axisLabel(figure, tick)), 12),
    right: 6, top: 10, bottom: 24};
  const inner = {width: width - margin.left - margin.right, height: HEIGHT - margin.top - margin.bottom};
  const band = inner.width / figure.rows.length;
  const y = (value) => margin.top + inner.height * (1 - value / top);
  const middle = (place) => margin.left + band * (place + 0.5);
  const svg = node("svg", {viewBox: `0 0 ${width} ${HEIGHT}`, role: "img"});

  for (const tick of ticks) {
    svg.append(
      node("line", {class: tick ? "grid" : "axis", x1: margin.left, x2: width - margin.right,
        y1: y(tick), y2: y(tick)}),
      node("text", {class: "tick", x: margin.left - 6, y: y(tick) + 4, "text-anchor": "end"},
        axisLabel(figure, tick)));
  }
  const longest = widest(figure.labels, 12) + 14;
  const every = Math.ceil(longest / band);
  figure.labels.forEach((label, place) => {
    if (place % every === 0 && middle(place) + longest / 2 - 7 <= width) {
      svg.append(node("text", {class: "tick", x: middle(place), y: HEIGHT - 6,
        "text-anchor": "middle"}, label));
    }
  });
  const thick = Math.min(34, Math.max(2, band * 0.72));
  figure.rows.forEach((row, place) => {
    let base = 0;
    for (const stack of stacks) {
      const value = row[stack] ?? 0;
      const height = inner.height * value / top;
      const gap = base && height > 2 ? 1 : 0;
      if (value) {
        svg.append(node("rect", {class: figure.columns[stack].stack, x: middle(place) - thick / 2,
          width: thick, y: y(base + value), height: Math.max(0.5, height - gap)}));
      }
      base += value;
    }
  });
  for (const line of lines) {
    const {line: colour, dashed, dots} = figure.columns[line];
    let path = "";
    let pen = "M";
    figure.rows.forEach((row, place) => {
      const value = row[line];
      if (value === null) {
        pen = "M";
        return;
      }
      path += `${pen}${middle(place).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      if (dots) {
        svg.append(node("circle", {class: colour, cx: middle(place), cy: y(value), r: 3}));
      }
    });
    svg.append(node("path", {class: `line ${colour}${dashed ? " dashed" : ""}`, d: path}));
  }
  figure.rows.forEach((row, place) => {
    const area = node("rect", {class: "hit", x: margin.left + band * place, width: band,
      y: margin.top, height: inner.height});
    area.append(node("title", {}, hint(figure, row)));
    svg.append(area);
  });
  return svg;
}

function barsChart(figure, width) {
  const stacks = drawnAs(figure, "stack");
  const marks = drawnAs(figure, "mark");
  const rows = figure.rows.slice(0, figure.most);
  const total = (row) => stacks.reduce((all, place) => all + (row[place] ?? 0), 0);
  const narrow = width < 460;
  const labels = narrow ? 0 : Math.min(width * 0.36,
    12 + widest(rows.map((row) => row[0])));
  const most = Math.max(...rows.map(total));
  const values = 12 + widest(rows.map((row) => figure.unit(total(row))));
  const largest = figure.largest ?? (most || 1);
  const scale = (width - labels - values) / largest;
  const pitch = narrow ? 40 : 27;
  const height = rows.length * pitch + 4;
  const svg = node("svg", {viewBox: `0 0 ${width} ${height}`, role: "img"});
  rows.forEach((row, place) => {
    const top = place * pitch + (narrow ? 20 : 5);
    const isStrong = Boolean(figure.strong?.[place]);
    const strong = isStrong ? " strong" : "";
    const label = shortened(row[0], narrow ? width : labels - 10, isStrong ? 700 : 400);
    svg.append(node("text", {class: `label${strong}`, x: narrow ? 0 : labels - 10,
      y: narrow ? top - 5 : top + 13, "text-anchor": narrow ? "start" : "end"}, label));
    let start = labels;
    for (const stack of stacks) {
      const wide = (row[stack] ?? 0) * scale;
      if (wide) {
        svg.append(node("rect", {class: figure.columns[stack].stack, x: start, y: top,
          width: Math.max(0.5, wide - (start > labels ? 1 : 0)), height: 17}));
      }
      start += wide;
    }
    let end = start;
    for (const mark of marks) {
      if (row[mark] !== null) {
        const at = labels + row[mark] * scale;
        svg.append(node("line", {class: `mark ${figure.columns[mark].mark}`, x1: at, x2: at,
          y1: top - 3, y2: top + 20}));
        if (at > end - 3 && at < end + values) end = Math.max(end, at);
      }
    }
    svg.append(node("text", {class: `value${strong}`, x: end + 7, y: top + 13},
      figure.unit(total(row))));
    const area = node("rect", {class: "hit", x: 0, width, y: place * pitch, height: pitch});
    area.append(node("title", {}, hint(figure, row)));
    svg.append(area);
  });
  return svg;
}

function legend(figure) {
  const drawn = figure.columns.filter((column) => column.stack || column.line || column.mark);
  const list = html("ul", "legend");
  if (drawn.length < 2) return list;
  for (const column of drawn) {
    const item = html("li");
    const swatch = node("svg", {viewBox: "0 0 16 12", width: 16, height: 12, "aria-hidden": "true"});
    swatch.append(column.stack ? node("rect", {class: column.stack, x: 1, y: 1, width: 12, height: 10})
      : column.mark ? node("line", {class: `mark ${column.mark}`, x1: 7, x2: 7, y1: 0, y2: 12})
        : node("path", {class: `line ${column.line}${column.dashed ? " dashed" : ""}`, d: "M0 6H16"}));
    item.append(swatch, column.name);
    list.append(item);
  }
  return list;
}

function tableOf(figure) {
  const table = html("table");
  const head = table.createTHead().insertRow();
  for (const column of figure.columns) {
    const cell = html("th", "", column.name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const row of figure.rows) {
    const line = body.insertRow();
    row.forEach((value, place) => {
      const cell = html(place ? "td" : "th", "", figure.columns[place].format(value));
      if (!place) cell.scope = "row";
      line.append(cell);
    });
  }
  return table;
}
