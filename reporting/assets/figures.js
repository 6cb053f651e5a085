// The figures of each chart: sums and ratios of the rows of the chosen queue and medium.
// A function returns {lead, rows, columns, ...} for drawing and for the table, or {empty}.

const data = JSON.parse(document.getElementById("figures").textContent);
const ALL = -2;
const selection = {queue: ALL, medium: ALL};

const rowsOf = (name) => {
  const table = data.tables[name];
  return table.rows.map((row) =>
    Object.fromEntries(table.columns.map((column, place) => [column, row[place]])));
};
const tables = Object.fromEntries(
  Object.keys(data.tables).map((name) => [name, data.tables[name] && rowsOf(name)]));

const chosen = (name, {queue = selection.queue, medium = selection.medium} = {}) =>
  tables[name].filter((row) =>
    (queue === ALL || row.queue === queue) && (medium === ALL || row.medium === medium));
const sum = (rows, column) => rows.reduce((total, row) => total + (row[column] ?? 0), 0);
const ratio = (part, whole) => (whole ? part / whole : null);
const groups = (rows, column) => Map.groupBy
  ? Map.groupBy(rows, (row) => row[column])
  : rows.reduce((map, row) => map.set(row[column], [...(map.get(row[column]) ?? []), row]), new Map());
const byDay = (rows) => {
  const days = groups(rows, "day");
  return data.days.map((day) => days.get(day) ?? []);
};
const descending = (column) => (one, other) => other[column] - one[column];

// Formats, as people write them.
const count = (value) => value === null ? "–" : value.toLocaleString("en");
const share = (value) => value === null ? "–" :
  value.toLocaleString("en", {style: "percent", maximumFractionDigits: 1});
const time = (seconds) => {
  if (seconds === null) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
};
const text = (value) => value;
const date = (day, options) =>
  new Date(`${day}T00:00:00Z`).toLocaleDateString("en-GB", {timeZone: "UTC", ...options});
const longDay = (day) => date(day, {weekday: "short", day: "numeric", month: "short"});
const shortDay = (day) => date(day, {day: "numeric", month: "short"});
const halfHour = (number) =>
  `${String(Math.floor(number / 2)).padStart(2, "0")}:${number % 2 ? "30" : "00"}`;
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

// A column of a chart's table: its name, its format, and how it is drawn.
const column = (name, format, drawn = {}) => ({name, format, ...drawn});

const level = (rows) => ({
  level: ratio(sum(rows, "in_time"), sum(rows, "counted")),
  target: ratio(sum(rows, "target_sum"), sum(rows, "target_counted")),
  counted: sum(rows, "counted"),
  inTime: sum(rows, "in_time"),
});

const charts = {
  service_level() {
    const rows = chosen("days");
    const total = level(rows);
    if (!total.counted) return {empty: "No interaction counts for the service level here."};
    const target = total.target === null ? "" : `, target ${share(total.target)}`;
    return {
      kind: "columns", unit: share, largest: 1, baseline: 0,
      lead: [share(total.level), `of ${count(total.counted)} in time${target}`],
      columns: [
        column("Day", text),
        column("Service level", share, {line: "c1", dots: true}),
        column("Target", share, {line: "c2", dashed: true}),
        column("In time", count), column("Counted", count),
      ],
      rows: byDay(rows).map((day, place) => {
        const own = level(day);
        return [longDay(data.days[place]), own.level, own.target, own.inTime, own.counted];
      }),
      labels: data.days.map(shortDay),
    };
  },

  queue_levels() {
    const byQueue = groups(chosen("days", {queue: ALL}), "queue");
    const rows = [...byQueue]
      .map(([queue, own]) => ({queue, ...level(own)}))
      .filter((row) => row.counted && row.queue >= 0)
      .sort((one, other) => one.queue - other.queue);
    if (!rows.length) return {empty: "No interaction counts for the service level here."};
    const aimed = rows.filter((row) => row.target !== null);
    const reached = aimed.filter((row) => row.level >= row.target).length;
    return {
      kind: "bars", unit: share, largest: 1,
      lead: aimed.length ? [`${reached} of ${aimed.length}`, "queues reach their target"]
        : [count(rows.length), "queues, without a target"],
      columns: [
        column("Queue", text), column("Service level", share, {stack: "c1"}),
        column("Target", share, {mark: "c2"}), column("In time", count), column("Counted", count),
      ],
      rows: rows.map((row) =>
        [data.queues[row.queue], row.level, row.target, row.inTime, row.counted]),
      strong: rows.map((row) => row.queue === selection.queue),
    };
  },

  half_hours() {
    const byHalfHour = groups(chosen("half_hours"), "half_hour");
    const rows = Array.from({length: 48}, (_, number) => byHalfHour.get(number) ?? []);
    const all = rows.flat();
    const offered = sum(all, "offered");
    if (!offered) return {empty: "Nothing was offered here."};
    const sums = rows.map((row) => sum(row, "offered"));
    const busiest = sums.indexOf(Math.max(...sums));
    return {
      kind: "columns", unit: count,
      lead: [count(offered), `offered, ${share(sum(all, "abandoned") / offered)} abandoned; ` +
        `busiest from ${halfHour(busiest)}`],
      columns: [
        column("Half hour from", text),
        column("Offered", count, {line: "ink"}),
        column("Answered", count, {stack: "c1"}), column("Abandoned", count, {stack: "c2"}),
      ],
      rows: rows.map((row, number) => [halfHour(number), ...["offered", "answered", "abandoned"]
        .map((name) => sum(row, name))]),
      labels: rows.map((_, number) => halfHour(number)),
    };
  },

  handle_time() {
    const rows = chosen("days");
    const parts = ["talk_seconds", "hold_seconds", "after_call_work_seconds"];
    const handled = sum(rows, "handled");
    if (!handled) return {empty: "No handling ended here."};
    return {
      kind: "columns", unit: time, step: 60,
      lead: [time(sum(rows, "handle_seconds") / handled),
        `on average, ${plural(handled, "handled interaction")}`],
      columns: [
        column("Day", text), column("Talk", time, {stack: "c1"}),
        column("Hold", time, {stack: "c2"}), column("After-call work", time, {stack: "c3"}),
        column("Handle time", time), column("Handled", count),
      ],
      rows: byDay(rows).map((day, place) => [
        longDay(data.days[place]),
        ...[...parts, "handle_seconds"].map((part) => ratio(sum(day, part), sum(day, "handled"))),
        sum(day, "handled"),
      ]),
      labels: data.days.map(shortDay),
    };
  },

  occupancy() {
    const rows = tables.agents.map((row) => ({
      ...row,
      occupancy: ratio(row.interacting_seconds,
        row.interacting_seconds + row.communicating_seconds + row.idle_seconds),
    })).sort(descending("occupancy"));
    if (!rows.length) return {empty: "No agent was on queue."};
    const onQueue = ["interacting_seconds", "communicating_seconds", "idle_seconds"]
      .reduce((total, name) => total + sum(rows, name), 0);
    return {
      kind: "bars", unit: share, largest: 1,
      lead: [share(ratio(sum(rows, "interacting_seconds"), onQueue)),
        `of the time on queue of ${plural(rows.length, "agent")}`],
      columns: [
        column("Agent", text), column("Occupancy", share, {stack: "c1"}),
        column("Interacting", time), column("Communicating", time), column("Idle", time),
        column("Handled", count),
      ],
      rows: rows.map((row) => [row.agent, row.occupancy, row.interacting_seconds,
        row.communicating_seconds, row.idle_seconds, row.handled]),
    };
  },

  wrap_ups() {
    const rows = [...groups(chosen("wrap_ups"), "code")]
      .map(([code, own]) => ({code, wrapUps: sum(own, "wrap_ups")})).sort(descending("wrapUps"));
    if (!rows.length) return {empty: "No wrap-up code was set here."};
    const total = sum(rows, "wrapUps");
    return {
      kind: "bars", unit: count, most: 12,
      lead: [count(total), `wrap-ups, ${share(rows[0].wrapUps / total)} of them ${rows[0].code}`],
      columns: [
        column("Code", text), column("Wrap-ups", count, {stack: "c1"}), column("Share", share),
      ],
      rows: rows.map((row) => [row.code ?? "without a code", row.wrapUps, row.wrapUps / total]),
    };
  },

  transfers() {
    const types = ["blind", "consult", "unspecified"];
    const rows = [...groups(chosen("transfers"), "destination")].map(([destination, own]) => {
      const byType = types.map((type) =>
        sum(own.filter((row) => row.transfer_type === type), "transfers"));
      return {destination, byType, total: sum(own, "transfers")};
    }).sort(descending("total"));
    const total = sum(rows, "total");
    if (!total) return {empty: "No agent transferred an interaction here."};
    return {
      kind: "bars", unit: count, most: 12,
      lead: [count(total), `transfers; most often to: ${rows[0].destination}`],
      columns: [
        column("Destination", text), column("Blind", count, {stack: "c1"}),
        column("Consult", count, {stack: "c3"}), column("Unspecified", count, {stack: "c4"}),
        column("All", count),
      ],
      rows: rows.map((row) => [row.destination, ...row.byType, row.total]),
    };
  },

  repeats() {
    const scopes = {voice: "Calls", messaging: "Messages", together: "All media together"};
    const medium = selection.medium === ALL ? null : data.media[selection.medium];
    const applies = (scope) => medium === null
      || scope === (medium === "voice" ? "voice"
        : ["message", "chat", "email"].includes(medium) ? "messaging" : "together");
    const rows = Object.entries(scopes).filter(([scope]) => applies(scope)).flatMap(([scope, name]) => {
      const contacts = chosen("repeats").filter((row) => row.scope === scope);
      return [1, 3, 7].map((days) => ({
        name, days, followed: sum(contacts, `followed_${days}`),
        repeated: sum(contacts, `repeated_${days}`),
        identified: ratio(sum(contacts, "identified"), sum(contacts, "contacts")),
      }));
    }).filter((row) => row.followed);
    if (!rows.length) {
      return {empty: "No contact here has a known customer and following days that are loaded."};
    }
    const longest = rows.filter((row) => row.name === rows[0].name).pop();
    return {
      kind: "bars", unit: share,
      lead: [share(longest.repeated / longest.followed),
        `came again within ${plural(longest.days, "day")} (${longest.name.toLowerCase()})`],
      columns: [
        column("Within", text), column("Share with a repeat", share, {stack: "c1"}),
        column("With a repeat", count), column("Contacts", count),
        column("Identified, of all", share),
      ],
      rows: rows.map((row) => [`${row.name}, ${plural(row.days, "day")}`,
        row.repeated / row.followed, row.repeated, row.followed, row.identified]),
    };
  },

  surveys() {
    const byScore = groups(chosen("surveys"), "score");
    const scores = Array.from({length: 11}, (_, score) => sum(byScore.get(score) ?? [], "surveys"));
    const total = scores.reduce((one, other) => one + other, 0);
    if (!total) return {empty: "No finished survey with a score here."};
    const within = (first, last) =>
      scores.slice(first, last + 1).reduce((one, other) => one + other, 0) / total;
    const net = Math.round((within(9, 10) - within(0, 6)) * 100);
    const part = (score, first, last) => score >= first && score <= last ? scores[score] : null;
    return {
      kind: "columns", unit: count,
      lead: [`${net < 0 ? "−" : "+"}${Math.abs(net)}`,
        `net promoter score, ${plural(total, "survey")}`],
      columns: [
        column("Score", text), column("Detractors", count, {stack: "c2"}),
        column("Passives", count, {stack: "c4"}), column("Promoters", count, {stack: "c1"}),
      ],
      rows: scores.map((_, score) => [String(score), part(score, 0, 6), part(score, 7, 8),
        part(score, 9, 10)]),
      labels: scores.map((_, score) => String(score)),
    };
  },

  reconciliation() {
    const rows = byDay(chosen("reconciliation", {queue: ALL}));
    const known = rows.filter((day) => day.length);
    if (!known.length) return {empty: "No day has been compared here."};
    const lacking = (day, tooRecent) => sum(
      day.filter((row) => row.too_recent === tooRecent)
        .map((row) => ({lacking: Math.max(0, row.expected - row.loaded)})), "lacking");
    const short = known.filter((day) => lacking(day, 0) > 0).length;
    return {
      kind: "columns", unit: count,
      lead: short ? [plural(short, "day"), `of ${known.length} with conversations missing`]
        : [`${known.length} of ${known.length}`, "days are complete"],
      columns: [
        column("Day", text), column("Loaded", count, {stack: "c1"}),
        column("Missing", count, {stack: "c2"}),
        column("Too recent to compare", count, {stack: "c4"}),
        column("Counted by the vendor", count),
      ],
      rows: rows.map((day, place) => [
        longDay(data.days[place]),
        ...(day.length ? [sum(day, "loaded"), lacking(day, 0), lacking(day, 1), sum(day, "expected")]
          : [null, null, null, null]),
      ]),
      labels: data.days.map(shortDay),
    };
  },
};
