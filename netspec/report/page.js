"use strict";
(function () {
  const data = JSON.parse(document.getElementById("series").textContent);
  const places = [...document.querySelectorAll(".plot")];
  const one = (name) => document.getElementById(name);
  const controls = { log: one("log"), smooth: one("smooth"), axis: one("axis") };
  const parts = ["train", "validation", "test", "eval"];
  const hues = ["#1f77b4", "#d9622b", "#2a9d5c", "#c23b5a", "#8a63c4", "#8c6d31", "#d873b4", "#6f7780"];
  const buttons = [["zoom2d", "pan2d", "resetScale2d", "toImage"]];
  const options = { displaylogo: false, displayModeBar: "hover", modeBarButtons: buttons, responsive: true, showTips: false };
  // plotly reads a part of HTML in its texts; names are text
  const plain = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Exponential means, corrected for their beginning; a gap stays one.
  function smooth(values, share) {
    let sum = 0, weight = 0;
    return values.map((y) => {
      if (y === null) return null;
      sum = share * sum + (1 - share) * y;
      weight = share * weight + (1 - share);
      return sum / weight;
    });
  }

  function traces(name) {
    const share = Number(controls.smooth.value), axis = controls.axis.value, many = data.runs.length > 1;
    return data.series.filter((s) => s.name === name).flatMap((s) => {
      const hue = hues[(many ? s.run : Math.max(parts.indexOf(s.split), 0)) % hues.length];
      const label = plain((many ? data.runs[s.run] + " · " : "") + s.split);
      const single = s.y.length === 1, mode = single ? "markers" : s.y.length < 60 ? "lines+markers" : "lines";
      const marker = { size: single ? 9 : 4, symbol: single ? "diamond" : "circle", color: hue };
      const base = { type: "scatter", x: s[axis], mode, name: label, legendgroup: label, marker };
      const line = { color: hue, width: 1.8, dash: many && s.split === "train" ? "dot" : "solid" };
      if (share === 0 || single) return [{ ...base, y: s.y, line }];
      const pale = { ...base, y: s.y, mode: "lines", line: { ...line, width: 1 }, opacity: 0.25, showlegend: false, hoverinfo: "skip" };
      return [pale, { ...base, y: smooth(s.y, share), line }];
    });
  }

  // Around a number that never changes plotly's own axis reaches from -1 to 1, where nothing can be read of it.
  function range(name) {
    const numbers = data.series.filter((s) => s.name === name).flatMap((s) => s.y).filter((y) => y !== null);
    if (!numbers.length || numbers.some((y) => y !== numbers[0])) return {};
    const [y] = numbers;
    if (controls.log.checked) return y > 0 ? { autorange: false, range: [Math.log10(y) - 0.5, Math.log10(y) + 0.5] } : {};
    return { autorange: false, range: y === 0 ? [-0.1, 1] : y > 0 ? [0, 2 * y] : [2 * y, 0] };
  }

  function layout(name) {
    const grid = { gridcolor: color("--line"), zerolinecolor: color("--line"), automargin: true };
    return {
      title: { text: plain(name), font: { size: 14 }, x: 0.02 }, font: { color: color("--text"), size: 12 }, margin: { l: 55, r: 12, t: 38, b: 90 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x", legend: { orientation: "h", y: -0.26, yanchor: "top" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--line"), activecolor: color("--mark") },
      hoverlabel: { bgcolor: color("--soft"), font: { color: color("--text") } },
      xaxis: { ...grid, title: { text: controls.axis.value, standoff: 4 } },
      yaxis: { ...grid, type: controls.log.checked ? "log" : "linear", autorange: true, ...range(name) },
    };
  }

  function draw() {
    for (const place of places) {
      const name = place.dataset.name;
      Plotly.react(place, traces(name), layout(name), options);
    }
    one("smoothed").textContent = controls.smooth.value;
  }

  document.body.classList.add("scripted");
  for (const control of Object.values(controls)) control.addEventListener("input", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
})();
