"use strict";
(function () {
  const data = JSON.parse(document.getElementById("series").textContent);
  const places = [...document.querySelectorAll(".plot")];
  const one = (name) => document.getElementById(name);
  const controls = { log: one("log"), smooth: one("smooth"), axis: one("axis") };
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
      const hue = hues[(many ? s.run : s.split === "train" ? 0 : 1) % hues.length];
      const label = plain((many ? data.runs[s.run] + " · " : "") + s.split);
      const mode = s.y.length === 1 ? "markers" : s.y.length < 60 ? "lines+markers" : "lines";
      const base = { type: "scatter", x: s[axis], mode, name: label, legendgroup: label, marker: { size: 4 } };
      const line = { color: hue, width: 1.8, dash: many && s.split === "train" ? "dot" : "solid" };
      if (share === 0) return [{ ...base, y: s.y, line, marker: { size: 4, color: hue } }];
      const pale = { ...base, y: s.y, mode: "lines", line: { ...line, width: 1 }, opacity: 0.25, showlegend: false, hoverinfo: "skip" };
      return [pale, { ...base, y: smooth(s.y, share), line, marker: { size: 4, color: hue } }];
    });
  }

  function layout(name) {
    const grid = { gridcolor: color("--line"), zerolinecolor: color("--line"), automargin: true };
    return {
      title: { text: plain(name), font: { size: 14 }, x: 0.02 }, font: { color: color("--text"), size: 12 }, margin: { l: 55, r: 12, t: 38, b: 80 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x", legend: { orientation: "h", y: -0.25, yanchor: "top" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--line"), activecolor: color("--mark") },
      hoverlabel: { bgcolor: color("--soft"), font: { color: color("--text") } },
      xaxis: { ...grid, title: { text: controls.axis.value } }, yaxis: { ...grid, type: controls.log.checked ? "log" : "linear" },
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
